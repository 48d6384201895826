/** Opens a Redshift connection, through a tunnel where the credential has one. */
import { readFile } from 'node:fs/promises';
import pg from 'pg';
import type { RedshiftCredential } from '../../../model/credentials/redshift.ts';
import { CdiError } from '../../../model/errors.ts';
import { socketOf } from '../../../store/socket-of.ts';
import { type ConnectOptions, DEADLINES, type OpenedCredential } from '../warehouse.ts';
import { RedshiftClient } from './client.ts';
import { classifyRedshift } from './errors.ts';
import { plainLabel } from './label.ts';
import { type Tunnel, openTunnel } from './tunnel.ts';

/** As long as a step may take. The deadline that is felt is ours: this one only sweeps what nobody waits for any more. */
const STATEMENT_TIMEOUT_MS = 10_800_000;
const KEEP_ALIVE_MS = 20_000;
/** PostgreSQL cuts longer names. */
const LONGEST_APPLICATION_NAME = 63;

/**
 * @throws CdiError `credentials_invalid`, `host_unknown`, `tls_failed`, `warehouse_unreachable`, `warehouse_busy`; the
 * signal's reason
 */
export async function connectRedshift(
  credential: OpenedCredential<RedshiftCredential>,
  { signal, label, deadlines = DEADLINES }: ConnectOptions,
): Promise<RedshiftClient> {
  const { definition, secrets } = credential;
  signal.throwIfAborted();
  const ssl = await tlsOptions(definition);
  const tunnel = definition.ssh && (await openTunnel(definition.ssh, secrets, signal, deadlines.connectMs));
  const config: pg.ClientConfig = {
    host: definition.host,
    port: definition.port,
    database: definition.database,
    user: definition.user,
    password: secrets['password'] ?? '',
    ssl,
    application_name: plainLabel(label).slice(0, LONGEST_APPLICATION_NAME),
    keepAlive: true,
    // While a query sorts or waits nothing crosses the wire, and what stands between forgets a silent connection after minutes.
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
  };
  const logIn = (whose: AbortSignal, ms: number): Promise<pg.Client> =>
    login({ ...config, connectionTimeoutMillis: ms }, tunnel, whose);

  const client = await logIn(signal, deadlines.connectMs).catch((error: unknown) => {
    tunnel?.close();
    throw error;
  });
  const redshift = new RedshiftClient({ client, logIn, tunnel, signal, label, deadlines });
  try {
    await redshift.ask({ text: `set statement_timeout to ${STATEMENT_TIMEOUT_MS}`, values: [] });
    return redshift;
  } catch (error) {
    await redshift.close();
    throw error;
  }
}

async function login(
  config: pg.ClientConfig,
  tunnel: Tunnel | undefined,
  signal: AbortSignal,
): Promise<pg.Client> {
  const inTime = AbortSignal.any([signal, AbortSignal.timeout(config.connectionTimeoutMillis ?? 0)]);
  const channel = await tunnel?.reach(config.host ?? '', config.port ?? 0, inTime);
  const client = new pg.Client({ ...config, ...(channel ? { stream: () => channel } : {}) });
  // Without a listener a connection that breaks between two queries would end the process.
  client.on('error', () => undefined);
  const onAbort = (): void => void socketOf(client).destroy(new Error('The login was cancelled.'));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await client.connect();
    return client;
  } catch (error) {
    socketOf(client).destroy();
    signal.throwIfAborted();
    throw classifyRedshift(error);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
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
