/** Starts pysqlbridge, a server of T-SQL that this project did not write, over tables in a folder. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { pythonPackages } from '../python-packages.ts';

const SERVER = fileURLToPath(new URL('serve-tables.py', import.meta.url));
const REQUIREMENTS = new URL('requirements.txt', import.meta.url);
const KEPT_CHARACTERS = 4_000;

export interface Bridge extends AsyncDisposable {
  /** On 127.0.0.1, without TLS. */
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

/** @param folder holds the tables, and may hold what else the server writes; see tables.ts */
export async function startBridge(folder: string): Promise<Bridge> {
  const { python, environment } = await pythonPackages({ name: 'pysqlbridge', requirements: REQUIREMENTS });
  const password = randomUUID();
  const child = spawn(python, [SERVER, folder], {
    env: { ...process.env, ...environment, TMPDIR: folder, BRIDGE_PASSWORD: password },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(-KEPT_CHARACTERS);
  });
  const ended = once(child, 'close');
  const [line] = (await Promise.race([once(createInterface(child.stdout), 'line'), ended])) as [unknown];
  const port = Number(line);
  if (typeof line !== 'string' || !(port > 0)) throw new Error(`pysqlbridge does not start: ${complaint}`);
  return {
    port,
    user: 'sa',
    password,
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
