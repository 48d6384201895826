/** What the suite that all warehouses share does not ask of Fabric. */
import { generateKeyPairSync } from 'node:crypto';
import { SignJWT } from 'jose';
import sql from 'mssql';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { claimPort } from '../../../client/embedded/claim-port.ts';
import { fabric } from '../../../activities/warehouses/fabric/fabric.ts';
import type {
  ConnectOptions,
  SourceTable,
  WarehouseConnection,
} from '../../../activities/warehouses/warehouse.ts';
import { resolveColumns } from '../../../model/source-columns.ts';
import { instantAt } from '../conformance/scene.ts';
import { UNKNOWN_HOST } from '../stand-in.ts';
import { BEYOND_LIMITS, type FabricAccount } from './situations.ts';
import { type FabricStandIn, openFabric } from './stand-in.ts';
import { RESOURCE } from './tds-login.ts';

let standIn: FabricStandIn;
let source: SourceTable;
const ROWS = Array.from({ length: 3 }, (_, n) => ({
  updatedAt: instantAt(n),
  externalId: `u${n}`,
  payload: '{}',
}));
const EVERYTHING = { from: null, inclusive: true, to: null };

beforeAll(async () => {
  standIn = await openFabric();
  source = await standIn.createTable({ name: 'users', dataType: 'attributes' }, ROWS);
});
afterAll(() => standIn[Symbol.asyncDispose]());
afterEach(() => {
  Object.assign(standIn.front.treatment, { login: undefined, refuse: undefined, hold: undefined });
});

type Connection = WarehouseConnection & AsyncDisposable;

async function connect(
  account: FabricAccount = standIn.account,
  options: Partial<ConnectOptions> = {},
): Promise<Connection> {
  const signal = new AbortController().signal;
  const connection = await fabric.connect(account, { signal, label: 'braze-cdi fabric', ...options });
  return Object.assign(connection, { [Symbol.asyncDispose]: () => connection.close() });
}

function accountWith(changes: Partial<FabricAccount['definition']>): FabricAccount {
  return { ...standIn.account, definition: { ...standIn.account.definition, ...changes } };
}

describe('the login', () => {
  test.each<[what: string, account: () => FabricAccount, expected: Record<string, string>]>([
    [
      'a wrong secret',
      () => ({ ...standIn.account, secrets: { client_secret: 'wrong' } }),
      { type: 'credentials_invalid', vendorCode: 'AADSTS7000215' },
    ],
    [
      'a secret that has expired',
      () => standIn.expired,
      { type: 'credentials_invalid', vendorCode: 'AADSTS7000222' },
    ],
    [
      'an app that the directory does not know',
      () => accountWith({ client_id: 'cccccccc-0000-4000-8000-000000000009' }),
      { type: 'credentials_invalid', vendorCode: 'AADSTS700016' },
    ],
    [
      'a tenant that nobody knows',
      () => accountWith({ tenant_id: 'cccccccc-0000-4000-8000-000000000009' }),
      { type: 'credentials_invalid', vendorCode: 'AADSTS90002' },
    ],
  ])('tells %s', async (_what, account, expected) => {
    await expect(connect(account())).rejects.toMatchObject(expected);
  });

  test('tells a login service that cannot be reached', { timeout: 60_000 }, async () => {
    const authority = `https://localhost:${await claimPort(0, '')}`;
    await expect(connect(accountWith({ authority }))).rejects.toMatchObject({
      type: 'warehouse_unreachable',
      message: expect.stringContaining('login service') as string,
    });
  });

  test('tells a login service whose name nobody knows', { timeout: 60_000 }, async () => {
    await expect(connect(accountWith({ authority: `https://${UNKNOWN_HOST}` }))).rejects.toMatchObject({
      type: 'host_unknown',
    });
  });

  test('tells an app without a role in the workspace', async () => {
    standIn.front.treatment.login = { number: 18_456, message: "Login failed for user '<token>'." };
    await expect(connect()).rejects.toMatchObject({ type: 'credentials_invalid', vendorCode: '18456' });
  });

  test.each([
    [40_613, 'Database on server is not currently available.'],
    [24_800, 'Unable to complete the action because this Fabric capacity is currently paused.'],
    [BEYOND_LIMITS.number, BEYOND_LIMITS.message],
  ])('tells a warehouse that is not available (%i)', async (number, message) => {
    standIn.front.treatment.login = { number, message };
    await expect(connect()).rejects.toMatchObject({ type: 'warehouse_busy', vendorCode: String(number) });
  });

  test('waits for one that is about to wake up', async () => {
    standIn.front.treatment.login = { number: 40_613, message: 'Not currently available.' };
    const connecting = connect();
    setTimeout(() => (standIn.front.treatment.login = undefined), 300);
    await using connection = await connecting;
    expect(await connection.describe(source)).not.toEqual([]);
  });

  test('is made anew where the line broke between two queries', async () => {
    await using connection = await connect();
    const columns = resolveColumns('attributes', await connection.describe(source));
    standIn.network.cutAfter(1);
    await expect(connection.count(source, columns, EVERYTHING)).rejects.toMatchObject({
      type: 'warehouse_unreachable',
    });
    expect(await connection.count(source, columns, EVERYTHING)).toBe(ROWS.length);
  });

  test('does not mind what the server refuses of the settings of the session', async () => {
    standIn.front.treatment.refuse = (_app, { text }) =>
      text.startsWith('set ') ? { number: 15_869, message: 'SET is not supported.' } : undefined;
    await using connection = await connect();
    await expect(connection.describe({ ...source, table: 'nowhere' })).rejects.toMatchObject({
      type: 'table_missing',
      vendorCode: '208',
    });
  });
});

describe('queries', () => {
  test.each([
    [229, 'permission_denied'],
    [207, 'column_missing'],
    [24_802, 'warehouse_busy'],
    [10_929, 'warehouse_busy'],
    [245, 'query_refused'],
  ])('refused with %i are %s, and the line is of use again', async (number, type) => {
    await using connection = await connect();
    const columns = resolveColumns('attributes', await connection.describe(source));
    const secret = "the value 'ada@example.com'";
    standIn.front.treatment.refuse = () => ({ number, message: `Conversion failed for ${secret}.` });
    const refused = {
      type,
      vendorCode: String(number),
      message: expect.not.stringContaining('ada') as string,
    };
    await expect(connection.count(source, columns, EVERYTHING)).rejects.toMatchObject(refused);
    const reading = connection.read(source, columns, EVERYTHING, Infinity)[Symbol.asyncIterator]();
    await expect(reading.next()).rejects.toMatchObject(refused);
    standIn.front.treatment.refuse = undefined;
    expect(await connection.count(source, columns, EVERYTHING)).toBe(ROWS.length);
  });

  test('left early, cancelled or late are stopped, and the very same line is of use again', async () => {
    const large = await standIn.createLargeTable('large', 10_000, 2_000);
    const abort = new AbortController();
    const deadlines = { connectMs: 30_000, answerMs: 1_000 };
    await using connection = await connect(standIn.account, { deadlines, signal: abort.signal });
    const columns = resolveColumns('attributes', await connection.describe(large));
    const logins = (): number => standIn.front.seen.filter(({ text }) => text.startsWith('set ')).length;
    const before = logins();

    for await (const group of connection.read(large, columns, EVERYTHING, Infinity)) {
      expect(group.length).toBeLessThan(10_000);
      break;
    }
    expect(await standIn.runningQueries()).toEqual([]);
    const undo = await standIn.slowDown();
    await expect(connection.count(large, columns, EVERYTHING)).rejects.toMatchObject({
      type: 'query_timeout',
    });
    expect(await standIn.runningQueries()).toEqual([]);
    await undo();
    expect(await connection.count(large, columns, EVERYTHING)).toBe(10_000);
    expect(logins()).toBe(before);

    const reason = new Error('enough');
    let rows = 0;
    const reading = (async () => {
      for await (const group of connection.read(large, columns, EVERYTHING, Infinity)) {
        rows += group.length;
        abort.abort(reason);
      }
    })();
    await expect(reading).rejects.toBe(reason);
    expect(rows).toBeLessThan(10_000);
    expect(await standIn.runningQueries()).toEqual([]);
  });

  test('tell the name of the app to the server', async () => {
    await using connection = await connect(standIn.account, { label: `braze-cdi ${'x'.repeat(200)}` });
    expect(await connection.describe(source)).not.toEqual([]);
    expect(standIn.front.seen.at(-1)?.text).toMatch(/^\/\* braze-cdi x{118} \*\/ SELECT /);
  });
});

test('types of columns are told as Fabric calls them', async () => {
  await using connection = await connect();
  const table = await standIn.createTable(
    { name: 'items', dataType: 'catalog', identifierType: 'integer', payloadType: 'varchar(8000)' },
    [],
  );
  expect(await connection.describe(table)).toEqual([
    { name: 'UPDATED_AT', type: 'datetime2', kind: 'timestamp' },
    { name: 'ID', type: 'bigint', kind: 'integer' },
    { name: 'PAYLOAD', type: 'varchar', kind: 'text' },
    { name: 'DELETED', type: 'bit', kind: 'boolean' },
  ]);
});

describe('the stand-in refuses', () => {
  /** Logs in with whatever token, by the driver alone. */
  async function logIn(authentication: NonNullable<sql.config['authentication']>): Promise<unknown> {
    const pool = new sql.ConnectionPool({
      server: 'localhost',
      port: standIn.front.port,
      database: 'analytics',
      authentication,
      options: { encrypt: true, trustServerCertificate: true },
    });
    pool.on('error', () => undefined);
    const error: unknown = await pool.connect().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    await pool.close();
    return error;
  }
  const withToken = (token: string): Promise<unknown> =>
    logIn({
      type: 'token-credential',
      options: { credential: { getToken: async () => ({ token, expiresOnTimestamp: Infinity }) } },
    });
  const signByOther = (claims: Record<string, unknown>): Promise<string> => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256' })
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(privateKey);
  };
  const appid = (): string => standIn.account.definition.client_id;

  test('a password', async () => {
    const login = { type: 'default', options: { userName: 'sa', password: 'x' } } as const;
    expect(await logIn(login)).toMatchObject({ code: 'ELOGIN', message: /only Microsoft Entra/ });
  });

  test('a token that somebody else signed', async () => {
    const issuer = `${standIn.entra.url}/${standIn.entra.tenant}/v2.0`;
    const token = await signByOther({ iss: issuer, aud: RESOURCE, appid: appid() });
    expect(await withToken(token)).toMatchObject({ code: 'ELOGIN' });
  });

  test.each([
    ['of an audience of its own', { aud: 'https://storage.azure.com/' }],
    ['of another issuer', { iss: 'https://login.example.com/' }],
    ['that has expired', { exp: 1 }],
  ])('a token %s', async (_what, claims) => {
    expect(await withToken(await standIn.entra.sign({ appid: appid(), ...claims }))).toMatchObject({
      code: 'ELOGIN',
    });
  });

  test('but lets a token in that is as it should be', async () => {
    expect(await withToken(await standIn.entra.sign({ appid: appid() }))).toBeUndefined();
  });
});
