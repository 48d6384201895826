/** What Databricks alone has: its logins, and warehouses that sleep. What every warehouse must do is in the suite. */
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { DBSQLClient } from '@databricks/sql';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { databricks } from '../../../activities/warehouses/databricks/databricks.ts';
import type {
  ConnectOptions,
  SourceTable,
  WarehouseConnection,
} from '../../../activities/warehouses/warehouse.ts';
import type { DatabricksCredential } from '../../../model/credentials/databricks.ts';
import { CdiError } from '../../../model/errors.ts';
import { resolveColumns } from '../../../model/source-columns.ts';
import type { DatabricksAccount } from './situations.ts';
import { type DatabricksStandIn, openDatabricks } from './stand-in.ts';

let standIn: DatabricksStandIn;
beforeAll(async () => {
  standIn = await openDatabricks();
});
afterEach(() => {
  standIn.front.warehouse.state = 'running';
});
afterAll(() => standIn?.[Symbol.asyncDispose]());

async function readAll(
  connection: WarehouseConnection,
  source: SourceTable,
  onGroup?: () => void,
): Promise<void> {
  const columns = resolveColumns('attributes', await connection.describe(source));
  const range = { from: null, inclusive: true, to: null };
  for await (const group of connection.read(source, columns, range, Infinity))
    if (group.length > 0) onGroup?.();
}

function connect(
  account: DatabricksAccount,
  options: Partial<ConnectOptions> = {},
): Promise<WarehouseConnection> {
  const signal = new AbortController().signal;
  return databricks.connect(account, { signal, label: 'braze-cdi test', ...options });
}

async function failure(promise: Promise<unknown>): Promise<CdiError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof CdiError) return error;
  throw new Error('No error of ours was thrown.', { cause: error });
}

const withDefinition = (changes: Partial<DatabricksCredential>): DatabricksAccount => ({
  ...standIn.tokenAccount,
  definition: { ...standIn.tokenAccount.definition, ...changes },
});
const withToken = (token: string): DatabricksAccount => ({ ...standIn.tokenAccount, secrets: { token } });

describe('The login', () => {
  test('by a personal access token; nothing but the SQL warehouse is asked for anything', async () => {
    const connection = await connect(standIn.tokenAccount);
    expect((await connection.clock(0)).now).toMatch(/^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/);
    await connection.close();
    expect(standIn.front.unknownPaths.filter((path) => path !== '/oidc/v1/token')).toEqual([]);
  });

  test('a wrong token, and one that was revoked, are told from a missing permission', async () => {
    const { logins } = standIn.front;
    expect(await failure(connect(withToken('dapi-wrong')))).toMatchObject({
      type: 'credentials_invalid',
      vendorCode: 'HTTP 403',
    });
    expect(await failure(connect(withToken(logins.strangersToken)))).toMatchObject({
      type: 'permission_denied',
      vendorCode: 'HTTP 403',
    });
  });

  test('a token that is revoked in the middle of the rows ends the reading', async () => {
    const { logins } = standIn.front;
    const token = logins.addToken();
    const source = await standIn.createLargeTable('revoked', 30_000, 500);
    const connection = await connect(withToken(token));
    const reading = readAll(connection, source, () => logins.revoke(token));
    expect(await failure(reading)).toMatchObject({ type: 'credentials_invalid' });
    await connection.close();
  });

  test('a path without a SQL warehouse, and a catalog that does not exist', async () => {
    const elsewhere = withDefinition({ http_path: '/sql/1.0/warehouses/none' });
    expect(await failure(connect(elsewhere))).toMatchObject({
      type: 'credentials_invalid',
      vendorCode: 'HTTP 404',
    });
    expect(await failure(connect(withDefinition({ catalog: 'none' })))).toMatchObject({
      type: 'credentials_invalid',
      vendorCode: '42P08',
    });
  });

  test('a file of the issuer that is missing, or holds no certificate', async () => {
    const { ca = '' } = standIn.tokenAccount.definition;
    expect(await failure(connect(withDefinition({ ca: `${ca}.none` })))).toMatchObject({
      type: 'tls_failed',
    });
    await writeFile(`${ca}.empty`, 'nothing');
    expect(await failure(connect(withDefinition({ ca: `${ca}.empty` })))).toMatchObject({
      type: 'tls_failed',
    });
  });
});

describe('A warehouse that sleeps', () => {
  test.each(['starting', 'unavailable'] as const)('is waited for while it is %s', async (state) => {
    const { warehouse } = standIn.front;
    const before = warehouse.openSessions;
    warehouse.state = state;
    setTimeout(() => (warehouse.state = 'running'), 1_500);
    const connection = await connect(standIn.tokenAccount);
    expect((await connection.clock(0)).now).not.toBe('');
    await connection.close();
    await expect.poll(() => warehouse.openSessions, { timeout: 5_000 }).toBe(before);
  });

  test('one that does not wake is given up, with what to do', async () => {
    standIn.front.warehouse.state = 'starting';
    const deadlines = { connectMs: 1_000, answerMs: 60_000 };
    const error = await failure(connect(standIn.tokenAccount, { deadlines }));
    expect(error.type).toBe('warehouse_busy');
    expect(error.message).toMatch(/^The SQL warehouse did not start within 10 seconds\. Start it /);
  });

  test('one that answers, but never runs the first statement, is given up too', async () => {
    const { warehouse } = standIn.front;
    warehouse.isSlow = true;
    try {
      const deadlines = { connectMs: 1_000, answerMs: 60_000 };
      const error = await failure(connect(standIn.tokenAccount, { deadlines }));
      expect(error).toMatchObject({ type: 'warehouse_busy' });
      await expect.poll(() => warehouse.running(), { timeout: 10_000 }).toEqual([]);
    } finally {
      warehouse.isSlow = false;
    }
  });

  test('waiting can be cancelled', async () => {
    standIn.front.warehouse.state = 'unavailable';
    const signal = AbortSignal.timeout(300);
    const began = performance.now();
    await expect(connect(standIn.tokenAccount, { signal })).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  test('one without resources is not waited for', async () => {
    standIn.front.warehouse.state = 'exhausted';
    const error = await failure(connect(standIn.tokenAccount));
    expect(error).toMatchObject({ type: 'warehouse_busy', vendorCode: 'RESOURCE_EXHAUSTED' });
  });

  test('one that stops later is told of as stopped', async () => {
    const source = await standIn.createTable({ name: 'stopped', dataType: 'attributes' }, []);
    const connection = await connect(standIn.tokenAccount);
    standIn.front.warehouse.state = 'unavailable';
    expect(await failure(connection.describe(source))).toMatchObject({
      type: 'warehouse_busy',
      vendorCode: 'HTTP 503',
      retryAfterMs: 1_000,
    });
    standIn.front.warehouse.state = 'running';
    await connection.close();
  });
});

describe('The session', () => {
  test('one that does not write UTC is refused', async () => {
    const { warehouse } = standIn.front;
    warehouse.isCluster = true;
    try {
      const error = await failure(connect(standIn.tokenAccount));
      expect(error).toMatchObject({ type: 'query_refused' });
      expect(error.message).toContain('http_path');
    } finally {
      warehouse.isCluster = false;
    }
  });

  test('a query that fails at a row says no word of the row', async () => {
    const good = await standIn.createTable({ name: 'good', dataType: 'attributes' }, [
      { updatedAt: '2026-01-01T00:00:00.000000000', externalId: 'canary-4711', payload: '{}' },
    ]);
    const source = await standIn.createFailingView('failing', good);
    const connection = await connect(standIn.tokenAccount);
    const error = await failure(readAll(connection, source));
    expect(error).toMatchObject({ type: 'query_refused', vendorCode: '22018' });
    expect(error.message).not.toContain('canary');
    await connection.close();
  });
});

describe('The front refuses what a workspace refuses', () => {
  async function driver(token = standIn.front.logins.token): Promise<DBSQLClient> {
    const client = new DBSQLClient({ logger: { log: () => undefined } });
    const { host, port, http_path: path } = standIn.tokenAccount.definition;
    const options = { host, port, path, token, customCaCert: standIn.front.ca, telemetryEnabled: false };
    await client.connect(options);
    return client;
  }

  test('statements that do more than read', async () => {
    const client = await driver();
    const session = await client.openSession();
    for (const statement of ['drop table cdi.good', 'select 1; select 2', 'select reflect(1)']) {
      const operation = await session.executeStatement(statement, { useCloudFetch: false });
      await expect(operation.finished()).rejects.toMatchObject({ response: { sqlState: '42501' } });
    }
    standIn.front.warehouse.refused.length = 0;
    await client.close();
  });

  test('parameters of a session that it does not have, and calls that nobody knows', async () => {
    const client = await driver();
    await expect(
      client.openSession({ configuration: { 'spark.sql.shuffle.partitions': '1' } }),
    ).rejects.toMatchObject({
      message: expect.stringContaining('CONFIG_NOT_AVAILABLE') as string,
    });
    const session = await client.openSession();
    await expect(session.getTables()).rejects.toThrow('Nothing is known of GetTables');
    await client.close();
  });

  test('a service principal with a wrong secret, and tokens that have run out', async () => {
    const { logins } = standIn.front;
    const form = new URLSearchParams({ grant_type: 'client_credentials', scope: 'all-apis' });
    const basic = (secret: string): string =>
      `Basic ${Buffer.from(`${logins.clientId}:${secret}`).toString('base64')}`;
    expect(logins.issue(basic('wrong'), form).status).toBe(401);
    expect(logins.issue(basic(logins.clientSecret), new URLSearchParams()).status).toBe(400);
    const issued = logins.issue(basic(logins.clientSecret), form).body as { access_token: string };
    expect(logins.check(`Bearer ${issued.access_token}`)).toBe(undefined);
    await sleep(3_100);
    expect(logins.check(`Bearer ${issued.access_token}`)).toMatchObject({ status: 401 });
    expect(logins.check(undefined)).toMatchObject({ status: 403 });
  });
});
