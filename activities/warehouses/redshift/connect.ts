/** Opens a Redshift connection and keeps the means to cancel what it does. */
import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { CdiError } from '../../../model/errors.ts';
import type { RedshiftCredential } from '../../../model/credentials/redshift.ts';
import type { ConnectOptions, OpenedCredential } from '../warehouse.ts';
import { classifyRedshift } from './errors.ts';

const CONNECT_TIMEOUT_MS = 30_000;
/** A query should end within the hour that the reference names; beyond it the server ends it. */
const STATEMENT_TIMEOUT_MS = 3_600_000;

export interface RedshiftClient {
  readonly client: pg.Client;
  /** Ends the present query on the server, through a second connection. */
  cancel(): Promise<void>;
  close(): Promise<void>;
}

export async function connectRedshift(
  credential: OpenedCredential<RedshiftCredential>,
  options: ConnectOptions,
): Promise<RedshiftClient> {
  const { definition } = credential;
  const config: pg.ClientConfig = {
    host: definition.host,
    port: definition.port,
    database: definition.database,
    user: definition.user,
    password: credential.secrets['password'] ?? '',
    ssl: await tlsOptions(definition),
    application_name: options.label.slice(0, 60),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
  };
  options.signal.throwIfAborted();
  const client = new pg.Client(config);
  // Without a listener a connection that breaks between two queries would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(`set statement_timeout to ${STATEMENT_TIMEOUT_MS}`);
  } catch (error) {
    await client.end().catch(() => undefined);
    throw classifyRedshift(error);
  }
  const processId = Number(Reflect.get(client, 'processID') ?? 0);

  const cancel = async (): Promise<void> => {
    const other = new pg.Client(config);
    other.on('error', () => undefined);
    try {
      await other.connect();
      await other.query('select pg_cancel_backend($1)', [processId]);
    } finally {
      await other.end().catch(() => undefined);
    }
  };
  const onAbort = (): void => {
    void cancel()
      .catch(() => undefined)
      .then(() => client.end())
      .catch(() => undefined);
  };
  options.signal.addEventListener('abort', onAbort, { once: true });

  return {
    client,
    cancel,
    close: async () => {
      options.signal.removeEventListener('abort', onAbort);
      await client.end().catch(() => undefined);
    },
  };
}

async function tlsOptions(definition: RedshiftCredential): Promise<pg.ClientConfig['ssl']> {
  if (definition.tls === 'off') return false;
  if (definition.ca === undefined) return { rejectUnauthorized: definition.tls === 'verify' };
  try {
    return { rejectUnauthorized: definition.tls === 'verify', ca: await readFile(definition.ca, 'utf8') };
  } catch (cause) {
    throw new CdiError('tls_failed', 'The file that `ca` of the credential names cannot be read.', { cause });
  }
}
