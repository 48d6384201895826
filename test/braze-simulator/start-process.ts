import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface StartedProcess {
  /** The JSON value of the first line that the process printed. */
  readonly ready: unknown;
  readonly pid: number;
  /** Ends the process and waits until it is gone. */
  readonly kill: (signal?: NodeJS.Signals) => Promise<void>;
}

/**
 * Starts a script with this Node and waits for its first line of output, which tells that it is ready. The channel
 * between the two closes when this process dies, however it dies, and the script stops.
 *
 * @param script path of the script
 * @throws Error with what the script wrote to standard error, where it ends before
 */
export async function startProcess(script: string, args: readonly string[]): Promise<StartedProcess> {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  const { stdout, stderr } = child;
  if (!stdout || !stderr) throw new Error(`${script} could not be started`);
  let complaint = '';
  stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString('utf8')));
  const exited = once(child, 'exit');
  const firstLine = once(createInterface({ input: stdout }), 'line');
  const line: unknown = await Promise.race([
    firstLine.then(([text]: unknown[]) => text),
    exited.then(() => {
      throw new Error(`${script} ended before it was ready: ${complaint}`);
    }),
  ]);
  return {
    ready: JSON.parse(String(line)),
    pid: child.pid ?? 0,
    kill: async (signal = 'SIGTERM') => {
      child.kill(signal);
      await exited;
    },
  };
}
