/** Opens a connection to Fabric as an app registration. */
import { readFile } from 'node:fs/promises';
import { getCACertificates } from 'node:tls';
import type { Request } from 'mssql';
import type { FabricCredential } from '../../../model/credentials/fabric.ts';
import { CdiError } from '../../../model/errors.ts';
import { inTime } from '../in-time.ts';
import { type ConnectOptions, DEADLINES, type OpenedCredential } from '../warehouse.ts';
import { entraLogin } from './entra-login.ts';
import { type Told, classifyFabric } from './errors.ts';
import type { Limits } from './patience.ts';
import { type Query, labelText, withLabel } from './sql.ts';

/** The longest that LOGIN7 takes. */
const APP_NAME_CHARACTERS = 128;
/** The longest value that is ever bound: an instant. */
const VALUE_BYTES = 27;

export interface FabricClient extends Limits {
  /** A request of a query, to be sent with `query(text)`. @throws the signal's reason */
  prepare(query: Query): { readonly request: Request; readonly text: string };
  /** @param error whatever the driver threw */
  classify(error: unknown): Error;
  close(): Promise<void>;
}

/** @throws CdiError of the warehouse's classes; the signal's reason */
export async function connectFabric(
  credential: OpenedCredential<FabricCredential>,
  { signal, label, deadlines = DEADLINES }: ConnectOptions,
): Promise<FabricClient> {
  signal.throwIfAborted();
  const { definition } = credential;
  const { default: sql } = await import('mssql');
  const told: Told = {};
  const trusted = await trustedIssuers(definition);
  const clientSecret = credential.secrets['client_secret'] ?? '';
  const login = await entraLogin({ definition, clientSecret, trusted, signal, told });
  /** Every line that is open, or being opened. */
  const lines = new Set<{ close(): void }>();
  const pool = new sql.ConnectionPool({
    server: definition.server,
    port: definition.port,
    database: definition.database,
    authentication: { type: 'token-credential', options: { credential: login } },
    validateConnection: 'socket',
    pool: { max: 1, acquireTimeoutMillis: deadlines.connectMs, createTimeoutMillis: deadlines.connectMs },
    beforeConnect: (line) => {
      lines.add(line);
      line.once('end', () => lines.delete(line));
      Object.assign(told, { number: undefined, entra: undefined });
      const onError = ({ number }: { number: number }): void => void (told.number = number);
      line.on('errorMessage', onError);
      line.once('connect', (error: Error | undefined) => {
        line.off('errorMessage', onError);
        // Once in, the driver sets up the session, and does not mind what the server refuses of that.
        if (!error) told.number = undefined;
        // One that nobody waits for any more may get in all the same.
        if (!error && hasGivenUp) line.close();
      });
    },
    options: {
      encrypt: true,
      trustServerCertificate: false,
      cryptoCredentialsDetails: { ...trusted },
      appName: labelText(label).slice(0, APP_NAME_CHARACTERS),
      connectTimeout: deadlines.connectMs,
      // It would run until the first packet only; see patience.ts.
      requestTimeout: 0,
    },
  });
  // Without a listener a line that breaks between two queries would end the process.
  pool.on('error', () => undefined);
  let hasGivenUp = false;
  const closeLines = (): void => {
    hasGivenUp = true;
    for (const line of lines) line.close();
  };
  const late = (): Error =>
    new CdiError('warehouse_unreachable', 'The endpoint of Fabric did not answer the login in time.');
  try {
    await inTime({ signal, ms: deadlines.connectMs, late }, () => pool.connect());
  } catch (error) {
    closeLines();
    throw signal.aborted ? error : classifyFabric(error, told);
  }
  return {
    signal,
    answerMs: deadlines.answerMs,
    prepare: ({ text, values }) => {
      signal.throwIfAborted();
      const request = pool.request();
      values.forEach((value, index) => request.input(`p${index + 1}`, sql.VarChar(VALUE_BYTES), value));
      return { request, text: withLabel(text, label) };
    },
    classify: (error) => classifyFabric(error, told),
    close: async () => {
      // The pool would wait for a server that does not answer.
      closeLines();
      await pool.close().catch(() => undefined);
    },
  };
}

/** @returns for TLS with the endpoint and with Entra; nothing where the usual issuers will do */
async function trustedIssuers({ ca }: FabricCredential): Promise<{ ca?: string[] }> {
  if (ca === undefined) return {};
  try {
    return { ca: [...getCACertificates(), await readFile(ca, 'utf8')] };
  } catch (cause) {
    throw new CdiError('tls_failed', 'The file that `ca` of the credential names cannot be read.', { cause });
  }
}
