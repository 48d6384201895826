/** The driver, set up: silent, without telemetry, and with the login of the credential. */
import { readFile } from 'node:fs/promises';
import { getCACertificates } from 'node:tls';
import type { DBSQLClient } from '@databricks/sql';
import { CdiError } from '../../../model/errors.ts';
import type { DatabricksCredential } from '../../../model/credentials/databricks.ts';
import type { OpenedCredential } from '../warehouse.ts';
import { labelText } from './sql.ts';
import { serviceTokens } from './token.ts';

export interface Client extends Pick<DBSQLClient, 'openSession' | 'close'> {
  /** Ends every connection, whatever goes on. */
  cut(): void;
}

type ConnectionOptions = Parameters<DBSQLClient['connect']>[0];
type Login =
  | { authType: 'access-token'; token: string }
  | { authType: 'custom'; provider: { authenticate: () => Promise<Record<string, string>> } };

/** No single request takes so long: what runs on the server is asked for again and again. */
const REQUEST_TIMEOUT_MS = 300_000;

/** Sends nothing yet. @throws CdiError `tls_failed` where the issuer's file is of no use */
export async function clientFor(
  credential: OpenedCredential<DatabricksCredential>,
  label: string,
  connectMs: number,
): Promise<Client> {
  const { host, port, http_path: path } = credential.definition;
  const ca = await readCa(credential.definition);
  const { DBSQLClient } = await import('@databricks/sql');
  // The driver's own logger writes to the console.
  const client = new DBSQLClient({ logger: { log: () => undefined } });
  const options: ConnectionOptions = {
    host,
    port,
    path,
    ...loginOf(credential, ca, connectMs),
    ...(ca === undefined ? {} : { customCaCert: ca }),
    userAgentEntry: labelText(label),
    telemetryEnabled: false,
    socketTimeout: REQUEST_TIMEOUT_MS,
  };
  try {
    await client.connect(options);
  } catch (cause) {
    throw new CdiError('tls_failed', 'The file that `ca` of the credential names holds no certificate.', {
      cause,
    });
  }
  const agent = await (await client.getConnectionProvider()).getAgent();
  return {
    openSession: (request) => client.openSession(request),
    close: () => client.close(),
    cut: () => agent?.destroy(),
  };
}

function loginOf(
  { definition, secrets }: OpenedCredential<DatabricksCredential>,
  ca: string | undefined,
  timeoutMs: number,
): Login {
  const { host, port, client_id: clientId } = definition;
  if (clientId === undefined) return { authType: 'access-token', token: secrets['token'] ?? '' };
  const authenticate = serviceTokens({
    origin: `https://${host}:${port}`,
    clientId,
    clientSecret: secrets['client_secret'] ?? '',
    ca: ca === undefined ? undefined : [...getCACertificates('default'), ca],
    timeoutMs,
  });
  return { authType: 'custom', provider: { authenticate } };
}

async function readCa({ ca }: DatabricksCredential): Promise<string | undefined> {
  if (ca === undefined) return undefined;
  try {
    return await readFile(ca, 'utf8');
  } catch (cause) {
    throw new CdiError('tls_failed', 'The file that `ca` of the credential names cannot be read.', { cause });
  }
}
