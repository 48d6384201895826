/** bqemulator, a server that this project did not write: BigQuery's REST API and GoogleSQL over DuckDB. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LOCALHOST, claimPort } from '../../../client/embedded/claim-port.ts';
import { pythonPackages } from '../python-packages.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const SERVER = fileURLToPath(new URL('serve-emulator.py', import.meta.url));
const REQUIREMENTS = new URL('requirements.txt', import.meta.url);
const START_MS = 60_000;
const KEPT_CHARACTERS = 4_000;

export interface Answer {
  readonly status: number;
  readonly text: string;
}

export interface Emulator extends AsyncDisposable {
  readonly project: string;
  /** Sends a request as it is. @param path below the project */
  send(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Answer>;
  /** Runs a statement. @throws Error where it fails */
  run(sql: string): Promise<void>;
}

export async function startEmulator(project: string): Promise<Emulator> {
  await using cleanup = new AsyncDisposableStack();
  const { python, environment } = await pythonPackages({ name: 'bqemulator', requirements: REQUIREMENTS });
  const home = cleanup.use(await temporaryFolder('bqemulator'));
  const port = await claimPort(0, '');
  const child = spawn(python, [SERVER, `${port}`, `${await claimPort(0, '')}`, project], {
    cwd: home.path,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      ...process.env,
      ...environment,
      ...home.environment,
      HOME: home.path,
      // Another extension that would be downloaded.
      BQEMU_ENABLE_FORMAT_EXTENSIONS: 'false',
      BQEMU_METRICS_ENABLED: 'false',
    },
  });
  const ended = once(child, 'close');
  cleanup.defer(async () => {
    child.stdin.end();
    await ended;
  });
  let said = '';
  for (const output of [child.stdout, child.stderr])
    output.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-KEPT_CHARACTERS);
    });
  child.stdin.on('error', () => undefined);

  const url = `http://${LOCALHOST}:${port}`;
  const deadline = Date.now() + START_MS;
  while (!(await isReady(url))) {
    if (child.exitCode !== null || Date.now() > deadline)
      throw new Error(`bqemulator does not start: ${said}`);
    await sleep(100);
  }

  const send: Emulator['send'] = async (method, path, body, signal) => {
    const answer = await fetch(`${url}/bigquery/v2/projects/${project}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
    return { status: answer.status, text: await answer.text() };
  };
  const whole = cleanup.move();
  return {
    project,
    send,
    run: async (sql) => {
      const { status, text } = await send('POST', '/queries', { query: sql, useLegacySql: false });
      const { errors } = JSON.parse(text) as { errors?: unknown };
      if (status !== 200 || errors !== undefined) throw new Error(`bqemulator refused ${sql}: ${text}`);
    },
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}

const isReady = (url: string): Promise<boolean> =>
  fetch(`${url}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  );
