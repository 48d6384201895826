/**
 * The complete system on one machine, for measuring: PostgreSQL with the ledger and the sources, a real Temporal server
 * on a file, the worker as a process, encrypted staging, and the simulator's fast mode as the sink.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { restoreSchedules } from '../client/commands/restore-schedules.ts';
import { parseDefinitions } from '../client/definitions/parse-definitions.ts';
import { cacheFolder } from '../client/embedded/temporal-cli.ts';
import { Session } from '../client/session.ts';
import { type Stack, startStack } from '../client/up/stack.ts';
import { readUpFile } from '../client/up/up-file.ts';
import type { DataType } from '../model/data-type.ts';
import { NO_CHANGES } from '../store/definitions.ts';
import { RATE_FAMILIES } from '../test/braze-simulator/control-types.ts';
import { type SpawnedBrazeSimulator, spawnBrazeSimulator } from '../test/braze-simulator/simulator-client.ts';

export interface SystemOptions {
  /** Hears, a line at a time, what happens. */
  readonly say: (line: string) => void;
  /** Gives up the start; afterwards it ends the waiting for runs, and makes the stop of the system a quick one. */
  readonly stop: AbortSignal;
  /** Folder for CPU profiles of the worker. */
  readonly profile?: string;
  /** Whether the sink only counts what it gets, or keeps it. @default true */
  readonly fast?: boolean;
}

export interface SyncOptions {
  /** Name of the sync, and of its table in the schema `public`. */
  readonly name: string;
  /** @default attributes */
  readonly dataType?: DataType;
  /** @default manual */
  readonly schedule?: Readonly<Record<string, unknown>>;
  /** Options of the definition. */
  readonly options?: Readonly<Record<string, unknown>>;
}

export interface BenchSystem extends AsyncDisposable {
  /** Folder of the installation, as of `cdi up`. */
  readonly home: string;
  readonly postgresUrl: string;
  readonly source: pg.Client;
  readonly sink: SpawnedBrazeSimulator;
  readonly session: Session;
  /** Aborted when everything is to end. */
  readonly stop: AbortSignal;
  readonly pids: { readonly worker: number; readonly temporal: number };
  /** Puts a sync into the ledger, to begin from the beginning. */
  declare(sync: SyncOptions): Promise<void>;
  /** A fresh worker process. */
  restartWorker(): Promise<void>;
}

/** The catalog that catalog syncs write to. */
const CATALOG = 'bench';
/** No limit of the sink's is ever reached. */
const UNLIMITED = { requests: 10_000_000, windowMs: 3_000 };

export async function startSystem({ say, stop, profile, fast = true }: SystemOptions): Promise<BenchSystem> {
  const cleanup = new AsyncDisposableStack();
  try {
    const home = await mkdtemp(join(tmpdir(), 'cdi-bench-'));
    cleanup.defer(() => rm(home, { recursive: true, force: true }));
    const sink = await startSink(fast);
    cleanup.defer(() => sink.kill());
    const stack = await startStack({
      home,
      temporalPort: 0,
      uiPort: 0,
      postgresPort: 0,
      cliPath: process.env['TEMPORAL_CLI_PATH'],
      cacheFolder: cacheFolder(process.env),
      workerEnv: {
        ...process.env,
        CDI_ALLOWED_ADDRESSES: '127.0.0.0/8',
        ...(profile === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profile}` }),
      },
      say,
      onReady: (services) => restoreSchedules(services, say),
      cancel: stop,
    });
    cleanup.defer(() => stack.stop());
    // Nothing of it is kept, so nothing has to end in good order.
    stop.addEventListener('abort', stack.force, { once: true });
    const source = new pg.Client({ connectionString: stack.postgresUrl });
    source.on('error', () => undefined);
    await source.connect();
    cleanup.defer(() => source.end());
    const session = new Session({
      ledgerUrl: stack.postgresUrl,
      keys: await readFile(stack.keyFile, 'utf8'),
      connectionOptions: { address: stack.temporalAddress },
      namespace: stack.temporalNamespace,
    });
    cleanup.defer(() => session.close());
    await declareAccounts(session, sink.url, stack.postgresUrl);
    const temporal = await temporalPid(home);
    const running = cleanup.move();
    return {
      home,
      postgresUrl: stack.postgresUrl,
      source,
      sink,
      session,
      stop,
      pids: pidsOf(stack, temporal),
      declare: (sync) => declareSync(session, sync),
      restartWorker: () => stack.worker.restart(),
      [Symbol.asyncDispose]: () => running.disposeAsync(),
    };
  } finally {
    await cleanup.disposeAsync();
  }
}

async function startSink(fast: boolean): Promise<SpawnedBrazeSimulator> {
  const sink = await spawnBrazeSimulator({ fast });
  await sink.client.setLimits({
    rates: Object.fromEntries(RATE_FAMILIES.map((family) => [family, UNLIMITED])),
  });
  await sink.client.putCatalog({ name: CATALOG, fields: [{ name: 'id', type: 'string' }] });
  return sink;
}

/** The worker's process may change, Temporal's does not. */
function pidsOf(stack: Stack, temporal: number): BenchSystem['pids'] {
  return {
    temporal,
    get worker() {
      return stack.worker.pid;
    },
  };
}

async function temporalPid(home: string): Promise<number> {
  const pid = (await readUpFile(home))?.processes.temporal?.pid;
  if (pid === undefined) throw new Error('The Temporal server left no process id.');
  return pid;
}

async function declareAccounts(session: Session, endpoint: string, postgresUrl: string): Promise<void> {
  const { hostname, port, username, password, pathname } = new URL(postgresUrl);
  const { workspaces, credentials } = definitionsOf([
    { kind: 'workspace', name: 'bench', endpoint, api_key: '${env:KEY}', track_requests_per_3s: 100_000 },
    {
      kind: 'credential',
      name: 'bench',
      warehouse: 'redshift',
      host: hostname,
      port: Number(port),
      database: pathname.slice(1),
      user: username,
      password: '${env:PASSWORD}',
      tls: 'off',
    },
  ]);
  await session.ledger.definitions.change({
    ...NO_CHANGES,
    workspaces: workspaces.map((definition) => ({ definition, secrets: { api_key: 'sim-key' } })),
    credentials: credentials.map((definition) => ({
      definition,
      secrets: { password: decodeURIComponent(password) },
    })),
  });
}

async function declareSync(
  session: Session,
  { name, dataType = 'attributes', schedule, options = {} }: SyncOptions,
): Promise<void> {
  const { syncs } = definitionsOf([
    {
      kind: 'sync',
      name,
      workspace: 'bench',
      credential: 'bench',
      source: { schema: 'public', table: name },
      data_type: dataType,
      ...(dataType === 'catalog' ? { catalog: CATALOG } : {}),
      schedule: schedule ?? 'manual',
      notifications: { contacts: ['bench@example.com'] },
      options: { rate_share: 1, ...options },
    },
  ]);
  await session.ledger.definitions.change({
    ...NO_CHANGES,
    syncs: syncs.map((definition) => ({ definition, watermark: 'reset', retest: false })),
  });
}

type Parsed = Extract<ReturnType<typeof parseDefinitions>, { valid: true }>['definitions'];

/** @throws Error with everything that is wrong */
function definitionsOf(documents: readonly (Record<string, unknown> & { kind: string })[]): Parsed {
  const parsed = parseDefinitions(
    documents.map((document) => ({ name: `${document.kind}.yaml`, text: JSON.stringify(document) })),
    { workspaces: ['bench'], credentials: ['bench'] },
  );
  if (!parsed.valid) throw new Error(JSON.stringify(parsed.problems));
  return parsed.definitions;
}
