import { access } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { snowflake } from '../../../activities/warehouses/snowflake/snowflake.ts';
import type {
  ConnectOptions,
  QueryTokens,
  ReadRange,
  SourceTable,
  WarehouseConnection,
} from '../../../activities/warehouses/warehouse.ts';
import { ERROR_RULES, type ErrorType } from '../../../model/errors.ts';
import { type SourceColumns, resolveColumns } from '../../../model/source-columns.ts';
import { type SnowflakeStandIn, openSnowflake } from './stand-in.ts';

const ROWS = 3_000;
const EVERYTHING: ReadRange = { from: null, inclusive: true, to: null };

let standIn: SnowflakeStandIn;
let source: SourceTable;

beforeAll(async () => {
  standIn = await openSnowflake();
  source = await standIn.createLargeTable('MANY', ROWS, 500);
});
afterAll(() => standIn[Symbol.asyncDispose]());

interface Attempt extends AsyncDisposable {
  readonly connection: WarehouseConnection;
  readonly columns: SourceColumns;
  /** Reads everything. @returns how many rows there were */
  read(): Promise<number>;
}

async function open(options: Partial<ConnectOptions> = {}): Promise<Attempt> {
  const connection = await snowflake.connect(standIn.account, {
    signal: new AbortController().signal,
    label: 'braze-cdi test',
    ...options,
  });
  const columns = resolveColumns('attributes', await connection.describe(source));
  return {
    connection,
    columns,
    read: async () => {
      let rows = 0;
      for await (const group of connection.read(source, columns, EVERYTHING, Infinity)) rows += group.length;
      return rows;
    },
    [Symbol.asyncDispose]: () => connection.close(),
  };
}

class KeptTokens implements QueryTokens {
  readonly tokens = new Map<string, string>();

  find(query: string): string | undefined {
    return this.tokens.get(query);
  }

  keep(query: string, token: string): void {
    this.tokens.set(query, token);
  }
}

/** How many reads of the table the server has seen since. */
async function countReads(): Promise<() => Promise<number>> {
  const reads = async (): Promise<number> =>
    (await standIn.server.state()).seen.filter((text) => text.includes('ORDER BY')).length;
  const before = await reads();
  return async () => (await reads()) - before;
}

const typeOf = (error: unknown): ErrorType => Reflect.get(Object(error), 'type') as ErrorType;

afterEach(() => standIn.server.trouble({ slow: false, unavailable: false }));

describe('a later attempt', () => {
  test('waits for a query that still runs, and does not run it again', async () => {
    const reads = await countReads();
    const queries = new KeptTokens();
    await using first = await open({ queries });
    await using second = await open({ queries });
    await standIn.server.trouble({ slow: true });
    const dying = first.read();
    await expect.poll(() => queries.tokens.size, { timeout: 10_000 }).toBe(1);
    const rows = second.read();
    await standIn.server.trouble({ slow: false });
    expect(await rows).toBe(ROWS);
    expect(await dying).toBe(ROWS);
    expect(await reads()).toBe(1);
  });

  test('reads a result that is kept, though the session that asked for it is gone', async () => {
    const reads = await countReads();
    const queries = new KeptTokens();
    {
      await using first = await open({ queries });
      expect(await first.read()).toBe(ROWS);
    }
    await using second = await open({ queries });
    expect(await second.read()).toBe(ROWS);
    expect(await reads()).toBe(1);
  });

  /** What an attempt leaves behind that has read everything. */
  async function tokensOfReading(): Promise<KeptTokens> {
    const queries = new KeptTokens();
    await using first = await open({ queries });
    expect(await first.read()).toBe(ROWS);
    return queries;
  }

  async function expectToRunAgain(queries: KeptTokens): Promise<void> {
    const former = [...queries.tokens];
    const reads = await countReads();
    await using attempt = await open({ queries });
    expect(await attempt.read()).toBe(ROWS);
    expect(await reads()).toBe(1);
    expect([...queries.tokens]).not.toEqual(former);
  }

  test('runs the query again where its result is kept no more', async () => {
    const queries = await tokensOfReading();
    await standIn.server.trouble({ forgetResults: true });
    await expectToRunAgain(queries);
  });

  test('runs the query again where nobody knows it', async () => {
    const queries = await tokensOfReading();
    for (const query of queries.tokens.keys()) queries.keep(query, '00000000-1111-2222-3333-444444444444');
    await expectToRunAgain(queries);
  });

  test('runs the query again where it was cancelled', async () => {
    const queries = new KeptTokens();
    const abort = new AbortController();
    {
      await using first = await open({ queries, signal: abort.signal });
      await standIn.server.trouble({ slow: true });
      const ended = first.read().catch((error: unknown) => error);
      await expect.poll(() => queries.tokens.size, { timeout: 10_000 }).toBe(1);
      abort.abort(new Error('enough'));
      expect(await ended).toMatchObject({ message: 'enough' });
      await expect.poll(() => standIn.runningQueries(), { timeout: 10_000 }).toEqual([]);
    }
    await standIn.server.trouble({ slow: false });
    await expectToRunAgain(queries);
  });

  test('finds no query but its own', async () => {
    const queries = new KeptTokens();
    await using attempt = await open({ queries });
    expect(await attempt.read()).toBe(ROWS);
    const range = { ...EVERYTHING, to: '2026-01-01T00:00:00.000000000' };
    let rows = 0;
    for await (const group of attempt.connection.read(source, attempt.columns, range, Infinity))
      rows += group.length;
    expect(rows).toBe(4);
    expect(queries.tokens.size).toBe(2);
  });
});

describe('trouble', () => {
  test('a session that is gone ends in an error that is retried, and the next one reads', async () => {
    {
      await using attempt = await open();
      await standIn.server.trouble({ endSessions: true });
      const error: unknown = await attempt.read().catch((thrown: unknown) => thrown);
      expect(ERROR_RULES[typeOf(error)]).toMatchObject({ retryable: true });
    }
    await using next = await open();
    expect(await next.read()).toBe(ROWS);
  });

  test('a token that runs out while a query runs is renewed', async () => {
    await using attempt = await open();
    await standIn.server.trouble({ slow: true });
    const rows = attempt.read();
    await expect.poll(() => standIn.runningQueries(), { timeout: 10_000 }).toHaveLength(1);
    await standIn.server.trouble({ expireTokens: true });
    await standIn.server.trouble({ slow: false });
    expect(await rows).toBe(ROWS);
  });

  test('the driver may retry as long as it likes: the deadline ends the wait', async () => {
    const deadlines = { connectMs: 10_000, answerMs: 1_000 };
    await using attempt = await open({ deadlines });
    await standIn.server.trouble({ unavailable: true });
    const begun = performance.now();
    const { connection, columns } = attempt;
    const counted = connection.count(source, columns, EVERYTHING);
    expect(typeOf(await counted.catch((error: unknown) => error))).toBe('query_timeout');
    expect(performance.now() - begun).toBeLessThan(3_000);
    await standIn.server.trouble({ unavailable: false });
  });

  test('a query that Snowflake itself ends', async () => {
    await using attempt = await open({ deadlines: { connectMs: 10_000, answerMs: 1_000 } });
    await standIn.server.trouble({ slow: true });
    const error: unknown = await attempt.read().catch((thrown: unknown) => thrown);
    expect(typeOf(error)).toBe('query_timeout');
    await expect.poll(() => standIn.runningQueries(), { timeout: 5_000 }).toEqual([]);
  });

  test('an abort is told with its own reason, before a query too', async () => {
    const abort = new AbortController();
    await using attempt = await open({ signal: abort.signal });
    const reason = new Error('enough');
    abort.abort(reason);
    await expect(attempt.read()).rejects.toBe(reason);
    await expect(attempt.connection.clock(0)).rejects.toBe(reason);
  });
});

test('a table on which the role has no right is told from a missing one by nobody, and the message says so', async () => {
  const { schema } = source;
  const columns = { UPDATED_AT: 'TIMESTAMP_NTZ', EXTERNAL_ID: 'VARCHAR', PAYLOAD: 'VARCHAR' };
  await standIn.server.put('table', { schema, name: 'HIDDEN', columns, privileges: [], rows: [] });
  await using attempt = await open();
  const described = (table: string, of = schema): Promise<unknown> =>
    attempt.connection.describe({ schema: of, table }).catch((error: unknown) => error);
  const hidden = await described('HIDDEN');
  expect(hidden).toMatchObject({ type: 'table_missing', vendorCode: '002003' });
  expect(hidden).toMatchObject({
    message: expect.stringContaining('or the role lacks SELECT on it') as string,
  });
  expect(await described('NOWHERE')).toMatchObject({
    message: Reflect.get(Object(hidden), 'message') as string,
  });
  expect(await described('MANY', 'NOWHERE')).toMatchObject({
    message: expect.stringContaining('The schema does not exist') as string,
  });
});

test('the driver kept to its work: no telemetry, no log, no statement that Snowflake would refuse', async () => {
  expect((await standIn.server.state()).refused).toEqual([]);
  await expect(access('snowflake.log')).rejects.toThrow();
});
