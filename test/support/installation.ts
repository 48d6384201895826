/**
 * A whole installation for one test file: its own ledger and source databases, a worker process, a Braze simulator,
 * a mail catcher. The servers are those of the global setup.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import pg from 'pg';
import { inject } from 'vitest';
import { parseDefinitions } from '../../client/definitions/parse-definitions.ts';
import type { CredentialDefinition, SyncDefinition, WorkspaceDefinition } from '../../model/definitions.ts';
import { Session } from '../../client/session.ts';
import type { RedshiftCredential } from '../../model/credentials/redshift.ts';
import { NO_CHANGES, type Secrets } from '../../store/definitions.ts';
import { type SpawnedBrazeSimulator, spawnBrazeSimulator } from '../braze-simulator/simulator-client.ts';
import { expectOwnSyncNames } from './own-sync-names.ts';
import { queryOnce } from './query-once.ts';

const WORKER = fileURLToPath(new URL('../../worker/main.ts', import.meta.url));
const READY = '"msg":"worker ready"';

export interface Installation extends AsyncDisposable {
  readonly session: Session;
  readonly braze: SpawnedBrazeSimulator;
  /** A superuser's connection to the database of the sources. */
  readonly source: pg.Client;
  /** For connections of the test's own. */
  readonly sourceUrl: string;
  readonly stagingFolder: string;
  /** Settings of the command line, as environment variables. */
  readonly environment: Record<string, string>;
  /**
   * Starts a worker process and waits until it polls.
   *
   * @param prefix a command that runs the command line that follows it
   * @param settings of this worker, beside or instead of those of the installation
   */
  startWorker(
    prefix?: readonly string[],
    settings?: Readonly<Record<string, string>>,
  ): Promise<WorkerProcess>;
  /** Puts another credential into the ledger, for whatever warehouse it is. */
  declareCredential(credential: { definition: CredentialDefinition; secrets: Secrets }): Promise<void>;
  /** Puts a sync into the ledger; `yaml` is merged over a plain definition. */
  declare(sync: DeclaredSync): Promise<SyncDefinition>;
}

/** Whatever a sync file may say; `credential` is one that was declared. */
export type DeclaredSync = Partial<Record<string, unknown>> & {
  readonly name: string;
  readonly data_type: string;
  readonly table: string;
  readonly credential?: string;
};

export interface WorkerProcess {
  readonly pid: number;
  readonly log: () => string;
  kill(signal: NodeJS.Signals): void;
  /** Waits for the end of the process. */
  ended(): Promise<void>;
  stop(): Promise<void>;
}

export interface Servers {
  /** A superuser's. */
  readonly postgresUrl: string;
  readonly temporalAddress: string;
}

export interface InstallationOptions {
  /** Default: those of the global setup. */
  readonly servers?: Servers;
  readonly latencyMs?: number;
  readonly smtpUrl?: string;
  /** How long an upload lease lasts. */
  readonly leaseTtl?: string;
  /** After which silence of a worker Temporal gives its step to another one. */
  readonly heartbeatTimeout?: string;
  /** Port of 127.0.0.1 by which workers reach the ledger. Default: PostgreSQL itself. */
  readonly ledgerPort?: number;
  /** The same for the source. */
  readonly sourcePort?: number;
  /** Settings of the workers, beside or instead of the others. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** @param name short and unique among test files */
export async function install(name: string, options: InstallationOptions = {}): Promise<Installation> {
  const cleanup = new AsyncDisposableStack();
  try {
    const { postgresUrl, temporalAddress } = options.servers ?? {
      postgresUrl: inject('postgresUrl'),
      temporalAddress: inject('temporalAddress'),
    };
    const ledgerUrl = await createDatabase(postgresUrl, `${name}_ledger`, cleanup);
    const sourceUrl = await createDatabase(postgresUrl, `${name}_source`, cleanup);
    const stagingFolder = await mkdtemp(join(tmpdir(), `cdi-${name}-`));
    cleanup.defer(() => rm(stagingFolder, { recursive: true, force: true }));
    const braze = await spawnBrazeSimulator({ latencyMs: options.latencyMs ?? 0 });
    cleanup.defer(() => braze.kill());
    const source = new pg.Client({ connectionString: sourceUrl });
    source.on('error', () => undefined);
    await source.connect();
    cleanup.defer(() => source.end());
    await source.query('create schema cdi');

    const keys = `test:${randomBytes(32).toString('base64')}`;
    const queuePrefix = `${name}-${randomUUID().slice(0, 8)}`;
    const environment: Record<string, string> = {
      CDI_LEDGER_URL: onPort(ledgerUrl, options.ledgerPort),
      CDI_KEY: keys,
      CDI_STAGING_URL: pathToFileURL(stagingFolder).href,
      CDI_QUEUE_PREFIX: queuePrefix,
      CDI_ALLOWED_ADDRESSES: '127.0.0.0/8',
      CDI_LEASE_TTL: options.leaseTtl ?? '4s',
      CDI_HEARTBEAT_TIMEOUT: options.heartbeatTimeout ?? '10s',
      TEMPORAL_ADDRESS: temporalAddress,
      TEMPORAL_NAMESPACE: 'default',
      SOURCE_PASSWORD: new URL(sourceUrl).password,
      BRAZE_KEY: 'sim-key',
      ...(options.smtpUrl === undefined
        ? {}
        : { CDI_SMTP_URL: options.smtpUrl, CDI_MAIL_FROM: 'cdi@example.com' }),
      ...options.environment,
    };
    const session = new Session({
      ledgerUrl,
      keys,
      connectionOptions: { address: temporalAddress },
      namespace: 'default',
      queuePrefix,
    });
    cleanup.defer(() => session.close());
    await session.ledger.migrate();
    if (options.servers === undefined) cleanup.defer(() => expectOwnSyncNames(postgresUrl, ledgerUrl));
    await declareWorkspace(session, braze.url, onPort(sourceUrl, options.sourcePort));

    const disposal = cleanup.move();
    return {
      session,
      braze,
      source,
      sourceUrl,
      stagingFolder,
      environment,
      startWorker: async (prefix, settings) => {
        const worker = await startWorker({ ...process.env, ...environment, ...settings }, prefix);
        disposal.defer(() => worker.stop());
        return worker;
      },
      declareCredential: (credential) =>
        session.ledger.definitions.change({ ...NO_CHANGES, credentials: [credential] }),
      declare: async (sync) => declareSync(session, sync),
      [Symbol.asyncDispose]: () => disposal.disposeAsync(),
    };
  } finally {
    await cleanup.disposeAsync();
  }
}

function onPort(url: string, port: number | undefined): string {
  const changed = new URL(url);
  if (port !== undefined) changed.port = String(port);
  return changed.href;
}

async function createDatabase(
  adminUrl: string,
  name: string,
  cleanup: AsyncDisposableStack,
): Promise<string> {
  await queryOnce(adminUrl, `drop database if exists ${name} with (force)`);
  await queryOnce(adminUrl, `create database ${name}`);
  cleanup.defer(async () => {
    await expectNoConnections(adminUrl, name);
    await queryOnce(adminUrl, `drop database if exists ${name} with (force)`);
  });
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return url.href;
}

/** The leak check: by now every process of the installation is gone, and its connections with it. */
async function expectNoConnections(adminUrl: string, name: string): Promise<void> {
  const admin = new pg.Client({ connectionString: adminUrl });
  await admin.connect();
  try {
    for (let attempt = 0; attempt < 40; attempt += 1) {
      const { rowCount } = await admin.query('select from pg_stat_activity where datname = $1', [name]);
      if (rowCount === 0) return;
      await sleep(100);
    }
    const { rows } = await admin.query<{ application_name: string; query: string }>(
      'select application_name, query from pg_stat_activity where datname = $1',
      [name],
    );
    throw new Error(`Connections to ${name} leaked: ${JSON.stringify(rows)}`);
  } finally {
    await admin.end();
  }
}

/** Puts a workspace and a credential of PostgreSQL into the ledger, for syncs to name. */
export async function declareWorkspace(session: Session, endpoint: string, sourceUrl: string): Promise<void> {
  const { hostname, port, username, password, pathname } = new URL(sourceUrl);
  const workspace: WorkspaceDefinition = {
    kind: 'workspace',
    name: 'main',
    endpoint,
    api_key: '${env:BRAZE_KEY}',
    track_batch: 75,
    track_requests_per_3s: 3_000,
  };
  const credential: CredentialDefinition = {
    kind: 'credential',
    name: 'source',
    warehouse: 'redshift',
    host: hostname,
    port: Number(port),
    database: pathname.slice(1),
    user: decodeURIComponent(username),
    password: '${env:SOURCE_PASSWORD}',
    tls: 'off',
  };
  await session.ledger.definitions.change({
    ...NO_CHANGES,
    workspaces: [{ definition: workspace, secrets: { api_key: 'sim-key' } }],
    credentials: [{ definition: credential, secrets: { password: decodeURIComponent(password) } }],
  });
}

/** A credential for PostgreSQL as the ledger holds it. */
export async function redshiftCredentialOf(
  session: Session,
  name: string,
): Promise<{ definition: RedshiftCredential; secrets: Secrets }> {
  const { definition, secrets } = await session.ledger.definitions.credential(name);
  if (definition.warehouse !== 'redshift') throw new Error(`${name} is not for Redshift.`);
  return { definition, secrets };
}

/** Puts a sync into the ledger, as one that was tested. */
export async function declareSync(
  session: Session,
  { table, ...sync }: DeclaredSync,
): Promise<SyncDefinition> {
  const text = JSON.stringify({
    kind: 'sync',
    workspace: 'main',
    credential: 'source',
    source: { schema: 'cdi', table },
    schedule: 'manual',
    notifications: { contacts: ['team@example.com'] },
    ...sync,
    options: { safety_lag: '0s', ...(sync['options'] as object | undefined) },
  });
  const parsed = parseDefinitions([{ name: `${sync.name}.yaml`, text }], {
    workspaces: ['main'],
    credentials: [sync.credential ?? 'source'],
  });
  if (!parsed.valid) throw new Error(JSON.stringify(parsed.problems));
  const [definition] = parsed.definitions.syncs;
  if (!definition) throw new Error('No sync was declared.');
  await session.ledger.definitions.change({
    ...NO_CHANGES,
    syncs: [{ definition, watermark: 'keep', retest: false }],
  });
  await session.ledger.definitions.markTested(definition.name);
  return definition;
}

/**
 * Starts a worker process with this environment.
 *
 * @param prefix a command that runs the command line that follows it
 */
export async function startWorker(
  environment: NodeJS.ProcessEnv,
  prefix: readonly string[] = [],
): Promise<WorkerProcess> {
  const words: string[] = [...prefix, process.execPath, WORKER];
  const child: ChildProcess = spawn(words[0] ?? process.execPath, words.slice(1), {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    const listen = (chunk: Buffer): void => {
      log += chunk.toString();
      if (log.includes(READY)) resolve();
    };
    child.stdout?.on('data', listen);
    child.stderr?.on('data', listen);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`The worker ended with ${code}:\n${log}`)));
  });
  return {
    pid: child.pid ?? 0,
    log: () => log,
    kill: (signal) => void child.kill(signal),
    ended: () => exited,
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGCONT');
        child.kill('SIGTERM');
      }
      await exited;
    },
  };
}
