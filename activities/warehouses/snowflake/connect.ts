/** Logs in to Snowflake: by key pair, programmatic access token, or password. */
import { createPrivateKey } from 'node:crypto';
import type { Connection, ConnectionOptions } from 'snowflake-sdk';
import type { SnowflakeCredential } from '../../../model/credentials/snowflake.ts';
import { CdiError } from '../../../model/errors.ts';
import { inTime } from '../in-time.ts';
import { type ConnectOptions, DEADLINES, type OpenedCredential } from '../warehouse.ts';
import { type SnowflakeDriver, loadDriver } from './driver.ts';
import { classifySnowflake } from './errors.ts';
import { SnowflakeSession } from './session.ts';

const APPLICATION = 'braze-cdi';
/** What Snowflake lets a query tag hold. */
const TAG_CHARACTERS = 2_000;
/** Chunks of a result that are fetched ahead of the one that is read: one fewer costs a seventh of the speed. */
const CHUNKS_AHEAD = 1;
/** Rows that the driver hands on without a turn of the event loop. */
const ROWS_AT_ONCE = 1_000;

type Login = Pick<ConnectionOptions, 'authenticator' | 'privateKey' | 'token' | 'password'>;

/**
 * @throws CdiError `credentials_invalid`, `permission_denied`, `host_unknown`, `tls_failed` or `warehouse_unreachable`;
 * the signal's reason
 */
export async function connectSnowflake(
  credential: OpenedCredential<SnowflakeCredential>,
  options: ConnectOptions,
): Promise<SnowflakeSession> {
  const driver = await loadDriver();
  const account = accountOptions(credential.definition, options);
  let refusal: unknown;
  for (const login of logins(credential)) {
    try {
      return new SnowflakeSession(await logIn(driver, { ...account, ...login() }, options), options);
    } catch (error) {
      refusal = error;
      if (!(error instanceof CdiError && error.type === 'credentials_invalid')) break;
    }
  }
  throw refusal;
}

function accountOptions(
  { account, url, user, role, virtual_warehouse: warehouse, database }: SnowflakeCredential,
  { label }: ConnectOptions,
): ConnectionOptions {
  return {
    account,
    username: user,
    database,
    ...(url === undefined ? {} : { accessUrl: new URL(url).origin }),
    ...(role === undefined ? {} : { role }),
    ...(warehouse === undefined ? {} : { warehouse }),
    application: APPLICATION,
    queryTag: label.slice(0, TAG_CHARACTERS),
    // Whoever asked for the connection tries again; a test of it should not wait for minutes.
    sfRetryMaxLoginRetries: 0,
    resultPrefetch: CHUNKS_AHEAD,
    rowStreamHighWaterMark: ROWS_AT_ONCE,
  };
}

/** The ways to log in, in the order in which they are tried: during a rotation the next key comes first. */
function logins({ secrets }: OpenedCredential<SnowflakeCredential>): readonly (() => Login)[] {
  const { private_key_2: next, private_key: present, passphrase, token, password } = secrets;
  if (token !== undefined) return [() => ({ authenticator: 'PROGRAMMATIC_ACCESS_TOKEN', token })];
  if (password !== undefined) return [() => ({ authenticator: 'SNOWFLAKE', password })];
  return [next, present]
    .filter((key) => key !== undefined)
    .map((key) => () => ({ authenticator: 'SNOWFLAKE_JWT', privateKey: readKey(key, passphrase) }));
}

/**
 * Takes whatever PEM holds a private key, with its line breaks written as `\n` too, as many secret stores keep them.
 *
 * @returns the form that the driver takes
 */
function readKey(pem: string, passphrase: string | undefined): string {
  try {
    const key = createPrivateKey({
      key: pem.replaceAll('\\n', '\n'),
      format: 'pem',
      ...(passphrase === undefined ? {} : { passphrase }),
    });
    if (key.asymmetricKeyType === 'rsa')
      return key.export({ format: 'pem', type: 'pkcs8' }).toString().trim();
  } catch {
    // An error of OpenSSL says no more than this one, in stranger words.
    throw new CdiError(
      'credentials_invalid',
      'The private key cannot be read: it is no PEM, or it has another passphrase.',
    );
  }
  throw new CdiError('credentials_invalid', 'The private key is no RSA key, which Snowflake requires.');
}

async function logIn(
  driver: SnowflakeDriver,
  connection: ConnectionOptions,
  { signal, deadlines = DEADLINES }: ConnectOptions,
): Promise<Connection> {
  let opened: Connection | undefined;
  // Logs out even where the login is answered only now, and closes the sockets.
  const giveUp = (): void => opened?.destroy(() => undefined);
  const late = (): Error =>
    new CdiError('warehouse_unreachable', 'Snowflake did not answer the login in time.');
  return inTime({ signal, ms: deadlines.connectMs, late }, async (givenUp) => {
    givenUp.addEventListener('abort', giveUp);
    try {
      const { promise, resolve, reject } = Promise.withResolvers<Connection>();
      opened = driver.createConnection(connection);
      opened.connect((error, connected) => (error ? reject(error) : resolve(connected)));
      return await promise;
    } catch (error) {
      giveUp();
      throw classifySnowflake(error, 'login');
    }
  });
}
