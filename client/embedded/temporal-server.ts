/** The Temporal development server with its UI, on a database file. */
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Connection } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../../model/names.ts';
import { sizeOfLog } from './log-file.ts';
import type { ProcessIdentity } from './process-identity.ts';
import { launch, stopProcess, untilReady, type RunningServer, type StopStep } from './server-process.ts';
import type { TemporalCli } from './temporal-cli.ts';

export interface TemporalServerOptions {
  readonly cli: TemporalCli;
  /** SQLite file; its folder is made when missing. */
  readonly dbFile: string;
  readonly ip: string;
  readonly port: number;
  readonly uiPort: number;
  readonly namespace: string;
  /** File the server's log is appended to. */
  readonly log: string;
  /** Hears that an old database was put aside. */
  readonly say: (line: string) => void;
  /** Settings of the server beside its own, by name; values are JSON. */
  readonly dynamicConfig?: Readonly<Record<string, string>>;
  /** Hears of the process before it is ready. */
  readonly onStart?: (identity: ProcessIdentity) => Promise<void>;
}

export interface RunningTemporalServer extends RunningServer {
  /** host:port of the frontend. */
  readonly address: string;
  readonly uiUrl: string;
  /** The database is new: schedules have to be made again from the ledger. */
  readonly rebuilt: boolean;
}

const START_TIMEOUT_MS = 60_000;

export const TEMPORAL_STOP: readonly StopStep[] = [
  ['SIGTERM', 15_000],
  ['SIGKILL', 5_000],
];

/**
 * Make an activity cost 10 ms instead of 60: SQLite's write-ahead log, and no pause of 50 ms between the polls of the
 * only shard. A killed process loses nothing; a power cut may cost the last commits, and the ledger keeps the truth.
 */
const FAST = [
  ['--sqlite-pragma', 'journal_mode=wal'],
  ['--sqlite-pragma', 'synchronous=normal'],
  ...['transfer', 'timer', 'visibility'].map((queue) => [
    '--dynamic-config-value',
    `history.${queue}ProcessorMaxPollRPS=2000`,
  ]),
].flat();

/** @throws StartError when the server ends or does not answer. */
export async function startTemporalServer(options: TemporalServerOptions): Promise<RunningTemporalServer> {
  const { cli, dbFile, ip, port, uiPort, namespace, log } = options;
  await mkdir(dirname(dbFile), { recursive: true });
  const rebuilt = await prepareDatabase(options);
  const logOffset = await sizeOfLog(log);
  const server = await launch({
    command: cli.path,
    args: [
      ...['server', 'start-dev', '--db-filename', dbFile, '--namespace', namespace],
      ...['--ip', ip, '--port', String(port), '--ui-port', String(uiPort), '--ui-disable-news-fetch'],
      ...['--log-level', 'warn', '--log-format', 'json'],
      ...Object.entries(SEARCH_ATTRIBUTES).flatMap(([name, type]) => [
        '--search-attribute',
        `${name}=${type}`,
      ]),
      ...FAST,
      ...Object.entries(options.dynamicConfig ?? {}).flatMap(([name, value]) => [
        '--dynamic-config-value',
        `${name}=${value}`,
      ]),
    ],
    log,
  });
  const stop = (hurry?: AbortSignal): Promise<void> => stopProcess(server, TEMPORAL_STOP, hurry);
  const address = `${ip}:${port}`;
  try {
    await options.onStart?.({ pid: server.pid, start: server.start });
    await untilReady(server, {
      what: 'The Temporal server',
      log,
      logOffset,
      timeoutMs: START_TIMEOUT_MS,
      ready: () => answers(address, namespace),
    });
  } catch (error) {
    await stop();
    throw error;
  }
  const { pid, start, exited } = server;
  return { pid, start, exited, stop, address, uiUrl: `http://${ip}:${uiPort}`, rebuilt };
}

/**
 * Puts a database aside that another version of the CLI made, for it has no migrations. One old database is kept.
 * @returns whether the server begins with a new one.
 */
async function prepareDatabase({ cli, dbFile, say }: TemporalServerOptions): Promise<boolean> {
  const versionFile = join(dirname(dbFile), 'temporal.version');
  const version = (await readFile(versionFile, 'utf8').catch(() => 'unknown')).trim();
  const exists = await stat(dbFile).then(
    () => true,
    () => false,
  );
  if (exists && version === cli.version) return false;
  if (exists) {
    for (const suffix of ['', '-wal', '-shm']) {
      await rm(`${dbFile}.old${suffix}`, { force: true });
      await rename(`${dbFile}${suffix}`, `${dbFile}.old${suffix}`).catch(() => undefined);
    }
    say(
      `The Temporal database was made by version ${version} of the CLI, this is ${cli.version}: ` +
        `it is kept as ${dbFile}.old, and a new one is built from the ledger.`,
    );
  }
  await writeFile(versionFile, `${cli.version}\n`);
  return true;
}

/** Ready once clients can use the namespace and the search attributes, which follow a moment after the first answer. */
async function answers(address: string, namespace: string): Promise<boolean> {
  let connection: Connection | undefined;
  try {
    connection = await Connection.connect({ address, connectTimeout: 1_000 });
    await connection.workflowService.describeNamespace({ namespace });
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    return Object.keys(SEARCH_ATTRIBUTES).every((name) => name in customAttributes);
  } catch {
    return false;
  } finally {
    await connection?.close();
  }
}
