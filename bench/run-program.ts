/** Runs a program to its end. */
import { type SpawnOptions, spawn } from 'node:child_process';

const KEPT_CHARACTERS = 2_000;

/**
 * @param options a `signal` in it ends the program
 * @returns what it wrote to standard output
 * @throws Error with the end of what it wrote, where it cannot be run or does not end with 0; always after its end
 */
export async function runProgram(
  command: string,
  args: readonly string[],
  options: SpawnOptions = {},
): Promise<string> {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let complaint = '';
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) => {
      // One that was told to stop still has to.
      if (child.pid === undefined) reject(new Error(`${command} is missing: ${error.message}`));
    });
    child.once('close', resolve);
  });
  if (code !== 0) {
    const said = (complaint.trim() || output.trim()).slice(-KEPT_CHARACTERS);
    throw new Error(`${command} ended with ${code ?? 'a signal'}: ${said}`);
  }
  return output;
}
