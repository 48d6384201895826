/** The command line as its users have it: a process with arguments, an environment and two streams. */
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';

const MAIN = fileURLToPath(new URL('../../client/main.ts', import.meta.url));
/** A process starts in half the time where its modules were compiled before. */
const COMPILE_CACHE = join(tmpdir(), 'cdi-test-compile-cache');
const NO_HOME = join(tmpdir(), 'cdi-test-no-home');

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs `cdi` to its end, with nobody at the terminal.
 *
 * @param environment all it gets, beside the search path
 */
export async function runCli(
  environment: Readonly<Record<string, string>>,
  args: readonly string[],
): Promise<CliResult> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: {
      PATH: process.env['PATH'],
      CDI_HOME: NO_HOME,
      NODE_COMPILE_CACHE: COMPILE_CACHE,
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { code, stdout, stderr };
}

/** The one JSON document that a command printed. */
export function jsonOf<T>({ stdout }: CliResult): T {
  return JSON.parse(stdout) as T;
}

/** Writes definitions as YAML files, by file name. */
export async function writeDefinitions(
  folder: string,
  files: Readonly<Record<string, object>>,
): Promise<void> {
  for (const [name, definition] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, stringify(definition));
  }
}
