/** PostgreSQL, Temporal, a worker and the API on one home folder. */
import { pathToFileURL } from 'node:url';
import { claimPort, LOCALHOST } from '../embedded/claim-port.ts';
import { POSTGRES_STOP, startPostgres } from '../embedded/postgres.ts';
import { isRunning, type ProcessIdentity } from '../embedded/process-identity.ts';
import { LOG_LIMITS, type LogLimits, rotateLog } from '../embedded/rotate-log.ts';
import { stopProcess } from '../embedded/server-process.ts';
import { StartError } from '../embedded/start-error.ts';
import { temporalCli } from '../embedded/temporal-cli.ts';
import { startTemporalServer, TEMPORAL_STOP } from '../embedded/temporal-server.ts';
import { takeLock } from './home-lock.ts';
import { homeSecrets } from './home-secrets.ts';
import { API_STOP, apiProcess } from './api-process.ts';
import { type Home, LOG_PARTS, createHome, logOf } from './home.ts';
import { supervise } from './supervised-process.ts';
import { readUpFile, removeUpFile, writeUpFile, type UpFile } from './up-file.ts';
import { WORKER_STOP, workerProcess } from './worker-process.ts';

export interface StackOptions {
  /** Folder for everything, made at the first start. */
  readonly home: string;
  /** Ports on 127.0.0.1; 0 picks a free one. */
  readonly temporalPort: number;
  readonly uiPort: number;
  readonly postgresPort: number;
  /** Undefined: there is no API. */
  readonly apiPort?: number | undefined;
  /** The user's Temporal CLI (TEMPORAL_CLI_PATH). */
  readonly cliPath?: string | undefined;
  /** Where a fetched Temporal CLI is kept. */
  readonly cacheFolder: string;
  /** What the worker's environment holds beside the addresses of the stack: usually all of this process's. */
  readonly workerEnv: Readonly<Record<string, string | undefined>>;
  /** @default worker/main.ts */
  readonly workerEntry?: string;
  /** @default client/main.ts */
  readonly apiEntry?: string;
  /** Done before the worker starts: migrate the ledger, bring the schedules in line with it. */
  readonly onReady?: (services: Services) => Promise<void>;
  /** Started once everything runs; what it returns ends it, before all else ends. */
  readonly beside?: (services: Services) => Promise<() => Promise<void>>;
  /** When logs begin anew. @default LOG_LIMITS */
  readonly logLimits?: LogLimits;
  /** Hears, a line at a time, what the user should know. */
  readonly say: (line: string) => void;
  /** Gives up a start; a stack that runs is not touched. */
  readonly cancel?: AbortSignal;
  readonly postgresSettings?: Readonly<Record<string, string>>;
}

export interface Services {
  /** The ledger, with user and password. */
  readonly postgresUrl: string;
  readonly temporalAddress: string;
  readonly temporalNamespace: string;
  readonly uiUrl: string;
  /** Of the API and its status page; undefined where there is none. */
  readonly apiUrl?: string | undefined;
  readonly keyFile: string;
  readonly stagingUrl: string;
  /** Temporal begins with a new database: it knows no schedule. */
  readonly rebuilt: boolean;
}

export interface Stack extends Services {
  readonly logs: string;
  readonly worker: { readonly pid: number; readonly restart: () => Promise<void> };
  /** Resolves when PostgreSQL or Temporal ended by itself; `stop` is still needed. */
  readonly failed: Promise<StartError>;
  /** Stops API, worker, Temporal, PostgreSQL in this order, each within its grace; gives the home back. */
  readonly stop: () => Promise<void>;
  /** Cuts the graces of `stop` short. */
  readonly force: () => void;
}

const NAMESPACE = 'default';
const LEDGER_USER = 'cdi';

/**
 * Starts everything and waits until it is ready. What was started is stopped again if a later part fails.
 * @throws StartError with what to do: home in use or broken, port taken, CLI not to be had, a part that ends at once.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { say, cancel } = options;
  const hurry = new AbortController();
  await using cleanup = new AsyncDisposableStack();
  const home = await createHome(options.home);
  cleanup.defer(await takeLock(home.lock));
  await stopLeftovers(home.root, say);
  // Nobody writes to these yet. That of a daemon is being read by whoever started it.
  for (const part of LOG_PARTS)
    if (part !== 'up') await rotateLog(logOf(home, part), options.logLimits ?? LOG_LIMITS);

  const temporalPort = await claimPort(options.temporalPort, 'choose another with --temporal-port (0: any)');
  const uiPort = await claimPort(options.uiPort, 'choose another with --ui-port (0: any)');
  const apiPort =
    options.apiPort === undefined
      ? undefined
      : await claimPort(options.apiPort, 'choose another with --api-port (0: any)');
  const cli = await temporalCli({ path: options.cliPath, cacheFolder: options.cacheFolder, say });
  const password = await homeSecrets(home);
  cancel?.throwIfAborted();

  const postgres = await startPostgres({
    dataDir: home.postgresData,
    port: options.postgresPort,
    portRemedy: 'choose another with --postgres-port (0: any)',
    user: LEDGER_USER,
    password,
    log: logOf(home, 'postgres'),
    settings: options.postgresSettings ?? {},
  });
  cleanup.defer(() => postgres.stop(hurry.signal));

  let up: UpFile = {
    pid: process.pid,
    state: 'starting',
    postgresUrl: postgres.url,
    temporalAddress: `${LOCALHOST}:${temporalPort}`,
    temporalNamespace: NAMESPACE,
    uiUrl: `http://${LOCALHOST}:${uiPort}`,
    ...(apiPort === undefined ? {} : { apiUrl: `http://${LOCALHOST}:${apiPort}` }),
    keyFile: home.keyFile,
    stagingUrl: pathToFileURL(home.staging).href,
    logs: home.logs,
    processes: { postgres: identityOf(postgres) },
  };
  const tell = async (change: Partial<UpFile>): Promise<void> => {
    up = { ...up, ...change };
    await writeUpFile(home.root, up);
  };
  cleanup.defer(() => removeUpFile(home.root));
  await tell({});
  cancel?.throwIfAborted();

  const temporal = await startTemporalServer({
    cli,
    dbFile: home.temporalDb,
    ip: LOCALHOST,
    port: temporalPort,
    uiPort,
    namespace: NAMESPACE,
    log: logOf(home, 'temporal'),
    say,
    onStart: (identity) => tell({ processes: { ...up.processes, temporal: identity } }),
  });
  cleanup.defer(() => temporal.stop(hurry.signal));
  cancel?.throwIfAborted();

  const { postgresUrl, temporalAddress, temporalNamespace, uiUrl, apiUrl, keyFile, stagingUrl } = up;
  const services: Services = {
    ...{ postgresUrl, temporalAddress, temporalNamespace, uiUrl, apiUrl, keyFile, stagingUrl },
    rebuilt: temporal.rebuilt,
  };
  await options.onReady?.(services);
  cancel?.throwIfAborted();

  const env = { ...options.workerEnv, ...workerSettings(services) };
  const worker = await supervise(workerProcess(env, options.workerEntry), {
    log: logOf(home, 'worker'),
    say,
    onStart: (identity) => tell({ processes: { ...up.processes, worker: identity } }),
  });
  cleanup.defer(() => worker.stop(hurry.signal));
  if (apiPort !== undefined) {
    const api = await supervise(apiProcess(env, apiPort, options.apiEntry), {
      log: logOf(home, 'api'),
      say,
      onStart: (identity) => tell({ processes: { ...up.processes, api: identity } }),
    });
    cleanup.defer(() => api.stop(hurry.signal));
  }
  const stopBeside = await options.beside?.(services);
  if (stopBeside) cleanup.defer(stopBeside);
  await tell({ state: 'ready' });
  cleanup.defer(keepLogsSmall(home, options.logLimits ?? LOG_LIMITS));
  cancel?.throwIfAborted();

  const running = cleanup.move();
  let stopped: Promise<void> | undefined;
  return {
    ...services,
    logs: home.logs,
    worker,
    failed: Promise.race([
      postgres.exited.then((how) => endedByItself('PostgreSQL', how, logOf(home, 'postgres'))),
      temporal.exited.then((how) => endedByItself('The Temporal server', how, logOf(home, 'temporal'))),
    ]),
    stop: () => (stopped ??= running.disposeAsync()),
    force: () => hurry.abort(),
  };
}

const LOGS_LOOKED_AT_MS = 30_000;

/** @returns a function that ends it */
function keepLogsSmall(home: Home, limits: LogLimits): () => void {
  const rotate = async (): Promise<void> => {
    for (const part of LOG_PARTS) await rotateLog(logOf(home, part), limits).catch(() => undefined);
  };
  const timer = setInterval(() => void rotate(), LOGS_LOOKED_AT_MS);
  return () => clearInterval(timer);
}

function workerSettings(services: Services): Record<string, string> {
  return {
    CDI_LEDGER_URL: services.postgresUrl,
    CDI_KEY_FILE: services.keyFile,
    CDI_STAGING_URL: services.stagingUrl,
    CDI_TEMPORAL_UI: services.uiUrl,
    TEMPORAL_ADDRESS: services.temporalAddress,
    TEMPORAL_NAMESPACE: services.temporalNamespace,
  };
}

/**
 * Stops the processes of a supervisor that was killed.
 * @param root folder of `cdi up`, on which no supervisor runs.
 * @returns whether there were any.
 */
export async function stopLeftovers(root: string, say: (line: string) => void): Promise<boolean> {
  const { api, worker, temporal, postgres } = (await readUpFile(root))?.processes ?? {};
  let found = false;
  for (const [identity, steps] of [
    [api, API_STOP],
    [worker, WORKER_STOP],
    [temporal, TEMPORAL_STOP],
    [postgres, POSTGRES_STOP],
  ] as const) {
    if (identity === undefined || !(await isRunning(identity))) continue;
    if (!found) say('The last `cdi up` on this folder was killed: stopping what it left running.');
    found = true;
    await stopProcess(identity, steps);
  }
  await removeUpFile(root);
  return found;
}

const identityOf = ({ pid, start }: ProcessIdentity): ProcessIdentity => ({ pid, start });

const endedByItself = (what: string, how: string, log: string): StartError =>
  new StartError(`${what} ended by itself (${how}); its log is ${log}.`);
