import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { Session } from '../../../client/session.ts';
import { isRunning } from '../../../client/embedded/process-identity.ts';
import { runDown } from '../../../client/up/run-down.ts';
import { startStack, type Services, type Stack, type StackOptions } from '../../../client/up/stack.ts';
import { readUpFile, type UpFile } from '../../../client/up/up-file.ts';
import { spawnMailCatcher } from '../../mail-catcher/mail-catcher-client.ts';
import { declareSync, declareWorkspace } from '../../support/installation.ts';
import { runCli } from '../../support/cli-process.ts';

const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const workerEntry = fileOf('../../support/fake-worker.ts');
const cli = inject('temporalCli');

let folder: string;
let home: string;
let said: string[];
const say = (line: string): void => void said.push(line);
let stacks: Stack[];
let processes: ChildProcess[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cdi-up-'));
  home = join(folder, '.cdi');
  said = [];
  stacks = [];
  processes = [];
});

afterEach(async () => {
  for (const stack of stacks) await stack.stop();
  for (const { pid } of processes) if (pid !== undefined) killIfThere(pid);
  await runDown(home, () => undefined);
  await rm(folder, { recursive: true, force: true });
});

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

async function start(options: Partial<StackOptions> = {}): Promise<Stack> {
  const stack = await startStack({
    home,
    temporalPort: 0,
    uiPort: 0,
    postgresPort: 0,
    apiPort: 0,
    cliPath: cli.path === 'temporal' ? undefined : cli.path,
    cacheFolder: join(folder, 'cache'),
    workerEntry,
    apiEntry: workerEntry,
    workerEnv: process.env,
    postgresSettings: { fsync: 'off' },
    say,
    ...options,
  });
  stacks.push(stack);
  return stack;
}

interface UpProcess {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<number | null>;
}

/** `cdi up` as a process of its own. */
function upProcess(options: object = {}, env: Record<string, string> = {}): UpProcess {
  const given = JSON.stringify({ home, cliPath: cli.path, workerEntry, ...options });
  const child = spawn(process.execPath, [fileOf('../../support/up-process.ts'), given], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  processes.push(child);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = once(child, 'close').then(() => child.exitCode);
  return { child, output: () => output, ended };
}

async function ready(): Promise<UpFile> {
  await expect.poll(async () => (await readUpFile(home))?.state, { timeout: 60_000 }).toBe('ready');
  const up = await readUpFile(home);
  if (up === undefined) throw new Error('up.json is gone');
  return up;
}

const running = async ({ processes: { api, worker, temporal, postgres } }: UpFile): Promise<string[]> => {
  const parts = { api, worker, temporal, postgres };
  const names: string[] = [];
  for (const [name, identity] of Object.entries(parts)) {
    if (identity !== undefined && (await isRunning(identity))) names.push(name);
  }
  return names;
};

const logOf = async (part: 'worker' | 'api' | 'watch'): Promise<Record<string, unknown>[]> =>
  (await readFile(join(home, 'logs', `${part}.log`), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

async function query(url: string, text: string): Promise<object[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<object>(text)).rows;
  } finally {
    await client.end();
  }
}

describe('a stack', () => {
  test('tells the caller, the worker and other commands where things are, and a second one finds everything', async () => {
    const before: (Services & { state: string | undefined })[] = [];
    const beside: string[] = [];
    const first = await start({
      beside: async ({ postgresUrl }) => {
        beside.push(postgresUrl);
        return async () => void beside.push('ended', ...(await running(await ready())));
      },
      workerEnv: { ...process.env, CDI_SMTP_URL: 'smtp://mail' },
      onReady: async (services) => {
        before.push({ ...services, state: (await readUpFile(home))?.state });
        await query(services.postgresUrl, 'create table kept as select 7 as n');
      },
    });
    expect(before).toMatchObject([{ state: 'starting', rebuilt: true, postgresUrl: first.postgresUrl }]);
    const up = await ready();
    expect(up).toMatchObject({ pid: process.pid, postgresUrl: first.postgresUrl, uiUrl: first.uiUrl });
    expect((await stat(join(home, 'up.json'))).mode & 0o777).toBe(0o600);
    expect((await logOf('worker'))[0]).toMatchObject({
      msg: 'worker ready',
      settings: {
        CDI_LEDGER_URL: first.postgresUrl,
        CDI_KEY_FILE: join(home, 'key'),
        CDI_STAGING_URL: `file://${home}/staging`,
        CDI_TEMPORAL_UI: first.uiUrl,
        CDI_SMTP_URL: 'smtp://mail',
        TEMPORAL_ADDRESS: first.temporalAddress,
        TEMPORAL_NAMESPACE: 'default',
      },
    });
    const port = new URL(first.apiUrl ?? '').port;
    expect((await logOf('api'))[0]).toMatchObject({
      args: ['api', '--host', '127.0.0.1', '--port', port],
      settings: { CDI_LEDGER_URL: first.postgresUrl, CDI_KEY_FILE: join(home, 'key') },
    });
    expect(up.apiUrl).toBe(`http://127.0.0.1:${port}`);
    await first.stop();
    // It watches the worker, so it ends before it.
    expect(beside).toEqual([first.postgresUrl, 'ended', 'api', 'worker', 'temporal', 'postgres']);
    expect(await running(up)).toEqual([]);
    expect(await readUpFile(home)).toBe(undefined);

    const second = await start({ logLimits: { bytes: 1, kept: 1 } });
    expect(await readFile(join(home, 'logs', 'worker.log.1'), 'utf8')).toContain('worker stopped');
    expect(second.rebuilt).toBe(false);
    expect(await query(second.postgresUrl, 'select n from kept')).toEqual([{ n: 7 }]);
    expect(said).toEqual([]);
  });

  test('starts a worker that dies again, and says so; one that is restarted comes back at once', async () => {
    const stack = await start();
    const first = stack.worker.pid;
    process.kill(first, 'SIGKILL');
    await expect.poll(() => said, { timeout: 20_000 }).toHaveLength(2);
    const second = stack.worker.pid;
    expect(second).not.toBe(first);
    expect(said[0]).toContain('The worker ended (signal SIGKILL). It starts again in 1 s');
    expect(said[1]).toBe(`The worker runs again (process ${second}).`);
    expect((await ready()).processes.worker?.pid).toBe(second);

    await stack.worker.restart();
    expect(stack.worker.pid).not.toBe(second);
    expect((await logOf('worker')).map(({ msg, pid }) => [msg, pid])).toEqual([
      ['worker ready', first],
      ['worker ready', second],
      ['worker stopped', second],
      ['worker ready', stack.worker.pid],
    ]);
  });

  test('stops without delay while a worker waits to be started again', async () => {
    const stack = await start();
    process.kill(stack.worker.pid, 'SIGKILL');
    await expect.poll(() => said, { timeout: 20_000 }).toHaveLength(1);
    const begun = performance.now();
    await stack.stop();
    expect(performance.now() - begun).toBeLessThan(10_000);
    expect(said).toHaveLength(1);
  });

  test('tells when Temporal or PostgreSQL ended by itself', async () => {
    const stack = await start();
    const temporal = (await ready()).processes.temporal;
    process.kill(temporal?.pid ?? 0, 'SIGKILL');
    expect((await stack.failed).message).toMatch(/^The Temporal server ended by itself \(signal SIGKILL\)/);
  });

  test.each([
    [
      'the worker does not start',
      { workerEnv: { ...process.env, FAKE_WORKER: 'fails' } },
      'the ledger is not there',
    ],
    ['the caller fails', { onReady: async () => Promise.reject(new Error('no migration')) }, 'no migration'],
  ])('leaves nothing running when %s', async (_, options, message) => {
    let up: UpFile | undefined;
    const seeing = async (): Promise<void> => void (up = await readUpFile(home));
    const onReady = async (services: Services): Promise<void> => {
      await seeing();
      await ('onReady' in options ? options.onReady() : undefined);
      expect(services.rebuilt).toBe(true);
    };
    await expect(start({ ...options, onReady })).rejects.toThrow(message);
    expect(up?.processes).toMatchObject({ postgres: {}, temporal: {} });
    expect(up === undefined ? undefined : await running(up)).toEqual([]);
    expect(await runDown(home, say)).toBe(false);
  });

  test.each([
    ['temporalPort', '--temporal-port'],
    ['uiPort', '--ui-port'],
    ['postgresPort', '--postgres-port'],
    ['apiPort', '--api-port'],
  ] as const)('names the port in use and the option: %s', async (port, option) => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const taken = (other.address() as AddressInfo).port;
    try {
      await expect(start({ [port]: taken })).rejects.toThrow(
        `Port ${taken} is in use by another program: choose another with ${option} (0: any).`,
      );
    } finally {
      other.close();
    }
  });
});

describe('cdi up', () => {
  test('refuses a second one on the same folder, and `cdi down` stops the first in order', async () => {
    const first = upProcess();
    const up = await ready();
    const second = upProcess();
    expect(await second.ended).toBe(1);
    expect(second.output()).toContain(
      `already runs on this folder (process ${String(first.child.pid)} holds`,
    );
    expect(await running(up)).toEqual(['api', 'worker', 'temporal', 'postgres']);

    expect(await runDown(home, say)).toBe(true);
    expect(await first.ended).toBe(0);
    expect(first.output()).toMatch(
      /Status page {2}http:[^]*Temporal UI {2}http:[^]*Ctrl-C or `cdi down` stops it\.\nStopping …\nStopped\.\n$/,
    );
    expect(await running(up)).toEqual([]);
    expect((await logOf('worker')).at(-1)?.['msg']).toBe('worker stopped');
    expect(await runDown(home, say)).toBe(false);
  });

  test('asked once waits for its worker, also when the signal comes doubled; asked twice does not', async () => {
    const { child, ended } = upProcess({}, { FAKE_WORKER: 'stubborn' });
    const up = await ready();
    child.kill('SIGINT');
    child.kill('SIGINT');
    await delay(2_000);
    expect(await running(up)).toEqual(['api', 'worker', 'temporal', 'postgres']);
    child.kill('SIGINT');
    expect(await ended).toBe(0);
    expect(await running(up)).toEqual([]);
  });

  test('stops what a killed one left running and starts', async () => {
    const first = upProcess();
    const left = await ready();
    first.child.kill('SIGKILL');
    await first.ended;
    expect(await running(left)).toEqual(['api', 'worker', 'temporal', 'postgres']);

    const stack = await start();
    expect(await running(left)).toEqual([]);
    expect(said[0]).toContain('was killed: stopping what it left running');
    expect(stack.rebuilt).toBe(false);
  });

  test('stops and fails when a part of it ends by itself', async () => {
    const { ended, output } = upProcess();
    const up = await ready();
    process.kill(up.processes.postgres?.pid ?? 0, 'SIGINT');
    expect(await ended).toBe(1);
    expect(output()).toContain('PostgreSQL ended by itself (exit code 0)');
    expect(await running(up)).toEqual([]);
  });

  test('in the background returns when it is ready, goes on, and is stopped by `cdi down`', async () => {
    const parent = upProcess({ daemon: true });
    expect(await parent.ended).toBe(0);
    const up = await ready();
    expect(parent.output()).toContain(`Temporal UI  ${up.uiUrl}\n`);
    expect(parent.output()).toContain(`It runs in the background (process ${up.pid}).`);
    expect(await running(up)).toEqual(['api', 'worker', 'temporal', 'postgres']);

    expect(await runDown(home, say)).toBe(true);
    expect(await running(up)).toEqual([]);
  });

  test('as the command has a worker, the API, and a watch that tells of a stale sync and ends with them', async () => {
    await using mail = await caughtMail();
    const before = await start({ onReady: declareStale });
    await before.stop();
    const environment = {
      HOME: folder,
      TMPDIR: tmpdir(),
      CDI_HOME: home,
      CDI_SMTP_URL: mail.smtp,
      ...(cli.path === 'temporal' ? {} : { TEMPORAL_CLI_PATH: cli.path }),
    };
    const ports = ['temporal', 'ui', 'postgres', 'api'].flatMap((name) => [`--${name}-port`, '0']);
    expect(await runCli(environment, ['up', '--daemon', ...ports])).toMatchObject({ code: 0 });
    const up = await ready();
    expect(await running(up)).toEqual(['api', 'worker', 'temporal', 'postgres']);
    expect((await fetch(`${up.apiUrl ?? ''}/readyz`)).status).toBe(200);
    const subjects = async (): Promise<string[]> => (await mail.client.mails()).map(({ subject }) => subject);
    await expect.poll(subjects, { timeout: 30_000 }).toEqual(['[braze-cdi] events is stale']);
    expect(await runCli(environment, ['down'])).toMatchObject({ code: 0 });
    // The worker's maintenance looks as well, each full minute, and may have been the first.
    const words = (await logOf('watch')).map(({ msg }) => msg);
    expect(words.filter((word) => word !== 'watch looked')).toEqual(['watch ready', 'watch stopped']);
    expect(await running(up)).toEqual([]);
  });

  test('in the background passes on why it did not start', async () => {
    const { ended, output } = upProcess({ daemon: true }, { FAKE_WORKER: 'fails' });
    expect(await ended).toBe(1);
    expect(output()).toContain('the ledger is not there');
    expect(await runDown(home, say)).toBe(false);
  });

  test('cancelled at its start stops what it has started', async () => {
    const { child, ended, output } = upProcess();
    await expect
      .poll(async () => (await readUpFile(home))?.processes.temporal, { timeout: 30_000 })
      .toBeDefined();
    const up = await readUpFile(home);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(output()).not.toContain('failed');
    expect(up === undefined ? undefined : await running(up)).toEqual([]);
  });
});

async function caughtMail(): Promise<Awaited<ReturnType<typeof spawnMailCatcher>> & AsyncDisposable> {
  const mail = await spawnMailCatcher();
  return { ...mail, [Symbol.asyncDispose]: () => mail.kill() };
}

/** A sync that somebody let go, and that no schedule starts. */
async function declareStale({ postgresUrl, keyFile, temporalAddress }: Services): Promise<void> {
  const session = new Session({
    ledgerUrl: postgresUrl,
    keys: await readFile(keyFile, 'utf8'),
    connectionOptions: { address: temporalAddress },
    namespace: 'default',
  });
  try {
    await session.ledger.migrate();
    await declareWorkspace(session, 'https://rest.example.com', postgresUrl);
    await declareSync(session, {
      name: 'events',
      table: 'events',
      data_type: 'events',
      schedule: { every: '1h' },
    });
    await query(
      postgresUrl,
      `update syncs set tested_at = now() - interval '5 hours', resumed_at = null, paused = false`,
    );
  } finally {
    await session.close();
  }
}
