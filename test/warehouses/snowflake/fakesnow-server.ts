/** Starts the server in `server/` and tells it what to do. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { LOCALHOST } from '../../../client/embedded/claim-port.ts';
import { pythonPackages } from '../python-packages.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const SERVER = fileURLToPath(new URL('server/', import.meta.url));
const REQUIREMENTS = new URL('requirements.txt', import.meta.url);

/** What the server is asked beside Snowflake's own protocol; see the end of `server/__main__.py`. */
export interface ServerState {
  readonly sessions: number;
  /** Tag and text of the queries. */
  readonly running: readonly string[];
  readonly seen: readonly string[];
  /** What Snowflake would not have taken, or is not expected to be sent. */
  readonly refused: readonly string[];
}

export interface Trouble {
  readonly warehouse?: 'running' | 'suspended' | 'out_of_quota';
  readonly letsAddressIn?: boolean;
  /** Everything is answered with HTTP status 503. */
  readonly unavailable?: boolean;
  /** No query gets anywhere. */
  readonly slow?: boolean;
  /** Every session's token has run out. */
  readonly expireTokens?: true;
  /** Every session is gone. */
  readonly endSessions?: true;
  /** Results were kept long enough. */
  readonly forgetResults?: true;
}

export interface FakesnowServer extends AsyncDisposable {
  /** On 127.0.0.1. */
  readonly port: number;
  put(what: 'user' | 'table' | 'view', value: object): Promise<void>;
  post(what: 'rows' | 'fill', value: object): Promise<void>;
  trouble(trouble: Trouble): Promise<void>;
  state(): Promise<ServerState>;
}

/** @throws Error that says how to get what is missing, or what the server complained of */
export async function startFakesnow(): Promise<FakesnowServer> {
  await using cleanup = new AsyncDisposableStack();
  const { python, environment } = await pythonPackages({ name: 'fakesnow', requirements: REQUIREMENTS });
  const folder = cleanup.use(await temporaryFolder('fakesnow'));
  const child = spawn(python, [SERVER], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...environment, ...folder.environment, PYTHONDONTWRITEBYTECODE: '1' },
  });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-4_000)));
  const exited = once(child, 'exit');
  cleanup.defer(async () => {
    child.stdin.end();
    await exited;
  });
  const port = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line').then(([line]: unknown[]) => Number(line)),
    exited.then(() => {
      throw new Error(`The stand-in of Snowflake ended before it was ready: ${complaint}`);
    }),
  ]);

  const ask = async (method: string, what: string, value?: object): Promise<unknown> => {
    const response = await fetch(`http://${LOCALHOST}:${port}/test/${what}`, {
      method,
      ...(value ? { body: JSON.stringify(value) } : {}),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`The stand-in of Snowflake failed at ${what}: ${complaint}`);
    return text === '' ? undefined : JSON.parse(text);
  };
  const whole = cleanup.move();
  return {
    port,
    put: async (what, value) => {
      await ask('PUT', what, value);
    },
    post: async (what, value) => {
      await ask('POST', what, value);
    },
    trouble: async (trouble) => {
      await ask('PUT', 'trouble', trouble);
    },
    state: async () => (await ask('GET', 'state')) as ServerState,
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}
