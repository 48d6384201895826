/** What only BigQuery has: jobs that are found again, logins, limits, quotas. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type {
  ConnectOptions,
  QueryTokens,
  SourceTable,
  WarehouseConnection,
} from '../../../activities/warehouses/warehouse.ts';
import { LOCALHOST } from '../../../client/embedded/claim-port.ts';
import type { BigqueryCredential } from '../../../model/credentials/bigquery.ts';
import type { SourceRow } from '../../../model/row.ts';
import type { StandInRow } from '../stand-in.ts';
import { GoogleError } from './google-error.ts';
import { EVERYTHING, columnsOf, connectAs, readGroups } from './reading.ts';
import { makeServiceAccount } from './service-account.ts';
import type { BigqueryAccount } from './situations.ts';
import { type BigqueryStandIn, openBigquery } from './stand-in.ts';

const RUN = '0198c0de-1abe-7000-8000-00000000c0de';
const LABEL = `braze-cdi users ${RUN}`;
const ROWS: readonly StandInRow[] = ['a', 'b', 'c'].map((externalId, n) => ({
  updatedAt: `2026-01-01T00:00:0${n}.000000000`,
  externalId,
  payload: '{}',
}));

let standIn: BigqueryStandIn;
let source: SourceTable;

const connect = (
  options: Partial<ConnectOptions> = {},
  account: BigqueryAccount = standIn.account,
): Promise<WarehouseConnection> => connectAs(account, { label: LABEL, ...options });
const withDefinition = (changes: Partial<BigqueryCredential>): BigqueryAccount => ({
  ...standIn.account,
  definition: { ...standIn.account.definition, ...changes },
});
const read = async (connection: WarehouseConnection): Promise<SourceRow[]> =>
  (await readGroups(connection, source)).flat();

beforeAll(async () => {
  standIn = await openBigquery();
  source = await standIn.createTable({ name: 'users', dataType: 'attributes' }, ROWS);
});

afterEach(() => {
  standIn.front.fault = undefined;
  standIn.front.mostPageBytes = 20 << 20;
});

afterAll(() => standIn?.[Symbol.asyncDispose]());

/** Jobs that read rows. */
const reads = (): typeof standIn.front.jobs.all =>
  standIn.front.jobs.all.filter(({ request }) => request.configuration.query.query.includes('ORDER BY'));

describe('logins', () => {
  test('the application default credentials are taken where the credential has no key', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cdi-adc-'));
    const file = join(folder, 'key.json');
    await writeFile(file, standIn.account.secrets['service_account_key'] ?? '');
    vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', file);
    try {
      const { service_account_key: _, ...definition } = standIn.account.definition;
      expect(await read(await connect({}, { definition, secrets: {} }))).toHaveLength(3);
    } finally {
      vi.unstubAllEnvs();
      await rm(folder, { recursive: true });
    }
  });

  test('an account that may not run jobs is told so', async () => {
    const idle = makeServiceAccount('idle', standIn.emulator.project);
    standIn.tokens.register(idle);
    standIn.front.idle.add(idle.email);
    await expect(connect({}, standIn.accountOf(idle))).rejects.toMatchObject({
      type: 'permission_denied',
      message: expect.stringContaining('it lacks bigquery.jobs.create') as string,
    });
  });

  test('an account that is not registered any more is told so', async () => {
    const gone = makeServiceAccount('gone', standIn.emulator.project);
    await expect(connect({}, standIn.accountOf(gone))).rejects.toMatchObject({ type: 'credentials_invalid' });
  });

  test('a project that is not there is told so', async () => {
    await expect(connect({}, withDefinition({ project: 'another-project' }))).rejects.toMatchObject({
      type: 'credentials_invalid',
      message: 'BigQuery does not know the project of the credential (notFound).',
    });
  });

  test('a dataset in another location is told so', async () => {
    const connection = await connect({}, withDefinition({ location: 'US' }));
    await expect(connection.describe(source)).rejects.toMatchObject({
      type: 'table_missing',
      message: expect.stringContaining('location') as string,
    });
  });

  test('whatever else answers at the address is told so', async () => {
    const server = createServer((_, response) => response.end('<html>Welcome</html>')).listen(0, LOCALHOST);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const elsewhere = withDefinition({ api_endpoint: `http://${LOCALHOST}:${port}` });
    await expect(connect({}, elsewhere)).rejects.toMatchObject({
      type: 'warehouse_unreachable',
      message: expect.stringContaining('`api_endpoint`') as string,
    });
    server.closeAllConnections();
    server.close();
  });
});

describe('jobs', () => {
  const keeping = (): QueryTokens & { readonly kept: Map<string, string> } => {
    const kept = new Map<string, string>();
    return { kept, find: (query) => kept.get(query), keep: (query, token) => void kept.set(query, token) };
  };
  const forgetful: QueryTokens = { find: () => undefined, keep: () => undefined };

  test('carry labels', async () => {
    await read(await connect());
    expect(reads().at(-1)?.request.configuration.labels).toEqual({
      product: 'braze-cdi',
      sync: 'users',
      run: RUN,
    });
  });

  test('are found by their id where no token could be kept', async () => {
    const label = 'braze-cdi users crashed';
    const before = reads().length;
    expect(await read(await connect({ label, queries: forgetful }))).toHaveLength(3);
    expect(await read(await connect({ label, queries: forgetful }))).toHaveLength(3);
    expect(reads().length - before).toBe(1);
  });

  test('of another run are not found', async () => {
    const before = reads().length;
    await read(await connect({ label: 'braze-cdi users one', queries: forgetful }));
    await read(await connect({ label: 'braze-cdi users two', queries: forgetful }));
    expect(reads().length - before).toBe(2);
  });

  test('are asked again by the same attempt', async () => {
    const queries = keeping();
    const before = reads().length;
    const connection = await connect({ label: 'braze-cdi users twice', queries });
    await read(connection);
    await read(connection);
    expect(reads().length - before).toBe(2);
    expect(queries.kept.size).toBe(2);
  });

  test('that failed are not found, with their token or without', async () => {
    for (const queries of [keeping(), forgetful]) {
      const label = `braze-cdi users failed-${queries === forgetful ? 1 : 2}`;
      const abort = new AbortController();
      const undo = await standIn.slowDown();
      const reading = read(await connect({ label, queries, signal: abort.signal }));
      await expect.poll(() => standIn.runningQueries()).toHaveLength(1);
      abort.abort();
      await expect(reading).rejects.toThrow();
      await expect.poll(() => standIn.runningQueries()).toEqual([]);
      await undo();
      for (const _ of ['second', 'third'])
        expect(await read(await connect({ label, queries }))).toHaveLength(3);
    }
  });

  test('whose result may be gone are not found', async () => {
    const queries = keeping();
    const label = 'braze-cdi users old';
    await read(await connect({ label, queries }));
    const old = reads().at(-1);
    if (!old) throw new Error('There is no job.');
    old.endedAt = Date.now() - 23.5 * 3_600_000;
    expect(await read(await connect({ label, queries }))).toHaveLength(3);
    expect(reads().at(-1)).not.toBe(old);
  });

  test('go on for the next attempt when the network fails, and end when nobody will ask', async () => {
    for (const queries of [keeping(), undefined]) {
      const undo = await standIn.slowDown();
      const label = `braze-cdi users net-${queries ? 1 : 2}`;
      standIn.front.fault = ({ path }) =>
        path.includes('/queries/') ? new GoogleError('backendError', 'Try again.') : undefined;
      const connection = await connect({ label, ...(queries ? { queries } : {}) });
      await expect(read(connection)).rejects.toMatchObject({ type: 'warehouse_unreachable' });
      await connection.close();
      expect(await standIn.runningQueries()).toHaveLength(queries ? 1 : 0);
      standIn.front.fault = undefined;
      const before = reads().length;
      await undo();
      if (!queries) continue;
      expect(await read(await connect({ label, queries }))).toHaveLength(3);
      expect(reads().length).toBe(before);
    }
  });

  test('are cancelled that were being made when the step was cancelled', async () => {
    const abort = new AbortController();
    const connection = await connect({ signal: abort.signal });
    const columns = await columnsOf(connection, source);
    const undo = await standIn.slowDown();
    const counting = connection.count(source, columns, EVERYTHING);
    abort.abort();
    await expect(counting).rejects.toThrow();
    await connection.close();
    expect(await standIn.runningQueries()).toEqual([]);
    await undo();
  });
});

describe('limits', () => {
  test('a query that would scan more than it may is refused, and what to do is said', async () => {
    const limited = await connect({}, withDefinition({ maximum_bytes_billed: 1_000 }));
    await expect(read(limited)).rejects.toMatchObject({
      type: 'query_refused',
      vendorCode: 'bytesBilledLimitExceeded',
      message: expect.stringContaining('`maximum_bytes_billed`') as string,
    });
    const enough = await connect({}, withDefinition({ maximum_bytes_billed: 20 << 20 }));
    expect(await read(enough)).toHaveLength(3);
  });

  test('pages are as large as the server makes them', async () => {
    const rows = Array.from({ length: 40 }, (_, n): StandInRow => ({
      updatedAt: `2026-01-01T00:00:00.0000${String(n).padStart(2, '0')}000`,
      externalId: `u${n}`,
      payload: 'x'.repeat(10_000),
    }));
    const large = await standIn.createTable({ name: 'large', dataType: 'attributes' }, rows);
    standIn.front.mostPageBytes = 100_000;
    const groups = await readGroups(await connect(), large);
    expect(groups.length).toBeGreaterThan(4);
    expect(groups.flat().map(({ externalId }) => externalId)).toEqual(
      rows.map(({ externalId }) => externalId),
    );
  });

  test('a table that requires a filter is described with one', async () => {
    standIn.front.fault = ({ body }) => {
      const text = JSON.stringify(body ?? '');
      return text.includes('FROM') && !text.includes('WHERE')
        ? new GoogleError(
            'invalidQuery',
            "Cannot query over table 'p.ds.t' without a filter over column(s) 'updated_at'",
          )
        : undefined;
    };
    expect(await read(await connect())).toHaveLength(3);
  });
});

describe('refusals', () => {
  const jobsOnly =
    (make: () => GoogleError | undefined) =>
    ({ path, body }: { path: string; body: unknown }): GoogleError | undefined =>
      path.endsWith('/jobs') && !JSON.stringify(body).includes('dryRun') ? make() : undefined;

  test.each([
    ['quotaExceeded', undefined, 'warehouse_busy'],
    ['billingNotEnabled', undefined, 'warehouse_busy'],
    ['rateLimitExceeded', 429, 'warehouse_busy'],
    ['backendError', 503, 'warehouse_unreachable'],
    ['accessDenied', undefined, 'permission_denied'],
  ])('%s (%s) of a query is %s', async (reason, status, type) => {
    standIn.front.fault = jobsOnly(() => new GoogleError(reason, 'canary', status));
    const connection = await connect();
    const clock = connection.clock(0);
    await expect(clock).rejects.toMatchObject({ type, vendorCode: reason });
    await expect(clock).rejects.not.toMatchObject({ message: expect.stringContaining('canary') as string });
  });

  test.each([429, 503])('a %d that passes is waited for', async (status) => {
    let left = 2;
    standIn.front.fault = jobsOnly(() =>
      left-- > 0 ? new GoogleError('backendError', 'x', status) : undefined,
    );
    expect((await (await connect()).clock(0)).now).toMatch(/Z$/);
    expect(left).toBeLessThan(0);
  });

  test('a job that is stopped by somebody is taken for one that took too long', async () => {
    const undo = await standIn.slowDown();
    const clock = (await connect()).clock(0);
    await expect.poll(() => standIn.runningQueries()).toHaveLength(1);
    standIn.front.jobs.all.at(-1)?.stop('An administrator requested cancellation');
    await expect(clock).rejects.toMatchObject({ type: 'query_timeout', vendorCode: 'stopped' });
    await undo();
  });

  test('a column that goes away meanwhile is told', async () => {
    const connection = await connect();
    const columns = await columnsOf(connection, source);
    const gone = { ...columns, email: { name: 'gone', kind: 'text', type: 'STRING' } as const };
    const reading = (async () => {
      for await (const _ of connection.read(source, gone, EVERYTHING, 1)) continue;
    })();
    await expect(reading).rejects.toMatchObject({ type: 'column_missing' });
  });
});

test('nothing was asked that BigQuery would not know', () => expect(standIn.front.refused).toEqual([]));
