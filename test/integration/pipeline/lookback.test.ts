/** Rows that turn up late, with an older UPDATED_AT than what was delivered. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RunRecord } from '../../../store/runs.ts';
import { type Installation, install } from '../../support/installation.ts';
import { runToEnd } from '../../support/run-to-end.ts';
import {
  ATTRIBUTE_COLUMNS,
  CATALOG_COLUMNS,
  EVENT_COLUMNS,
  type TableRow,
  addRows,
  createTable,
  instant,
  ledgerInstant,
} from '../../support/source-table.ts';

let installation: Installation;
let number = 0;

beforeAll(async () => {
  installation = await install('lookback');
  await installation.startWorker();
});

afterAll(() => installation[Symbol.asyncDispose]());

beforeEach(() => installation.braze.client.reset());

const run = (name: string): Promise<RunRecord> => runToEnd(installation.session, name);

const upTo = (count: number, from = 0): number[] => Array.from({ length: count }, (_, n) => n + from);

interface Source {
  readonly name: string;
  readonly table: string;
  readonly add: (rows: readonly TableRow[]) => Promise<void>;
}

async function declareSync(
  columns: Readonly<Record<string, string>>,
  rows: readonly TableRow[],
  { options, ...sync }: { data_type: string; catalog?: string; options?: Readonly<Record<string, unknown>> },
): Promise<Source> {
  number += 1;
  const name = `lookback_${number}`;
  await createTable(installation.source, name, columns, rows);
  await installation.declare({
    name,
    table: name,
    ...sync,
    options: { page_size: 10, segment_rows: 20, safety_lag: '0s', lookback: '1s', ...options },
  });
  return { name, table: name, add: (more) => addRows(installation.source, name, more) };
}

/** Two rows to a millisecond. */
const event = (ms: number, n: number): TableRow => ({
  updated_at: instant(ms),
  external_id: `u${n % 7}`,
  payload: `{"name":"e","properties":{"n":${n}}}`,
});

async function arrived(): Promise<number[]> {
  const events = await installation.braze.client.events();
  return events.map(({ text }) => Number(/"n":(\d+)/.exec(text)?.[1])).sort((a, b) => a - b);
}

describe('late events', () => {
  test('are found within the stretch and sent once; those before it are not looked for', async () => {
    const source = await declareSync(
      EVENT_COLUMNS,
      upTo(100).map((n) => event(1_000 + 10 * n, n)),
      { data_type: 'events' },
    );
    expect(await run(source.name)).toMatchObject({ counts: { read: 100, sent: 100 } });
    const watermark = 1_990;
    await source.add([
      event(watermark - 500, 100),
      event(watermark - 505, 101),
      event(watermark - 1_001, 999),
    ]);
    expect(await run(source.name)).toMatchObject({
      counts: { read: 2, sent: 2 },
      watermarkAfter: ledgerInstant(watermark),
    });
    // An identical row is a row of its own; others come in order, with new ones.
    await source.add([event(watermark - 500, 100), event(watermark - 3, 102), event(watermark + 5, 103)]);
    expect(await run(source.name)).toMatchObject({ counts: { read: 3, sent: 3 } });
    expect(await run(source.name)).toMatchObject({ counts: { read: 0, sent: 0, requests: 0 } });
    expect(await arrived()).toEqual([...upTo(100), 100, 100, 101, 102, 103]);
  });

  test('are found by thousands, over many segments', async () => {
    const source = await declareSync(
      EVENT_COLUMNS,
      upTo(600).map((n) => event(n, n)),
      { data_type: 'events' },
    );
    await run(source.name);
    await source.add(upTo(300, 600).map((n) => event((n * 7) % 599, n)));
    expect(await run(source.name)).toMatchObject({ counts: { read: 300, sent: 300 } });
    expect(await run(source.name)).toMatchObject({ counts: { read: 0 } });
    expect(await arrived()).toEqual(upTo(900));
  });

  test('a sync that looks back for the first time sends nothing again', async () => {
    const source = await declareSync(
      EVENT_COLUMNS,
      upTo(50).map((n) => event(n, n)),
      { data_type: 'events', options: { lookback: '0s' } },
    );
    await run(source.name);
    const declared = { name: source.name, table: source.table, data_type: 'events' };
    const options = { page_size: 10, segment_rows: 20, safety_lag: '0s', lookback: '1s' };
    await installation.declare({ ...declared, options });
    await source.add([event(20, 50), event(60, 51)]);
    expect(await run(source.name)).toMatchObject({ counts: { read: 1, sent: 1 } });
    // From now on what lies behind the former watermark is known.
    await source.add([event(55, 52)]);
    expect(await run(source.name)).toMatchObject({ counts: { read: 1, sent: 1 } });
    expect(await arrived()).toEqual([...upTo(50), 51, 52]);
  });

  test('beyond `lookback_rows` the newest stretch is kept, and the run says so', async () => {
    const rows = 10_000;
    const source = await declareSync(
      EVENT_COLUMNS,
      upTo(rows).map((n) => event(n / 20, n)),
      { data_type: 'events', options: { page_size: 5_000, segment_rows: 5_000, lookback_rows: 6_000 } },
    );
    await run(source.name);
    await source.add([event(10, rows), event(490, rows + 1)]);
    const second = await run(source.name);
    expect(second).toMatchObject({ counts: { read: 1, sent: 1 } });
    expect(second.warnings).toEqual([expect.stringContaining('More than 6000 rows lie within `lookback`')]);
    expect(new Set(await arrived()).has(rows + 1)).toBe(true);
    expect(await run(source.name)).toMatchObject({ counts: { read: 0 }, warnings: [] });
  });
});

describe('late attributes', () => {
  const user = (ms: number, name: string, payload: object): TableRow => ({
    updated_at: instant(ms),
    external_id: name,
    payload: JSON.stringify(payload),
  });

  const profile = async (name: string): Promise<Record<string, unknown>> => {
    const profiles = await installation.braze.client.profiles();
    const found = profiles.find((each) => each.external_id === name);
    return Object.fromEntries(
      Object.entries(found?.attributes ?? {}).map(([key, text]) => [key, JSON.parse(text) as unknown]),
    );
  };

  test('no stale value wins: only the keys that remain their own go', async () => {
    const source = await declareSync(
      ATTRIBUTE_COLUMNS,
      [
        user(100, 'ann', { color: 'red', size: 1 }),
        user(110, 'bob', { color: 'red' }),
        user(120, 'ann', { color: 'blue', visits: { inc: 1 } }),
      ],
      { data_type: 'attributes' },
    );
    await run(source.name);
    await source.add([
      user(90, 'ann', { color: 'stale', size: 0, shoe: 44 }),
      user(105, 'ann', { size: 2, color: 'stale', visits: { inc: 10 } }),
      user(100, 'bob', { color: 'stale' }),
      user(50, 'eve', { color: 'green' }),
      user(115, 'bob', { color: 'fresh' }),
    ]);
    expect(await run(source.name)).toMatchObject({
      status: 'success',
      counts: { read: 5, sent: 5, rejected: 0 },
    });
    expect(await profile('ann')).toEqual({ color: 'blue', size: 2, shoe: 44, visits: 11 });
    expect(await profile('bob')).toEqual({ color: 'fresh' });
    expect(await profile('eve')).toEqual({ color: 'green' });
    expect(await run(source.name)).toMatchObject({ counts: { read: 0, sent: 0, requests: 0 } });
  });

  test('a newer row that was rejected does not stand in the way', async () => {
    const source = await declareSync(
      ATTRIBUTE_COLUMNS,
      [
        user(100, 'ann', { a: 1 }),
        { updated_at: instant(110), external_id: 'ann', payload: '{"a":2,"b":' },
        user(120, 'zed', {}),
      ],
      { data_type: 'attributes' },
    );
    await run(source.name);
    await source.add([user(105, 'ann', { a: 3 })]);
    await run(source.name);
    expect(await profile('ann')).toEqual({ a: 3 });
  });
});

test('a late version of a catalog item is dropped where a newer one was delivered', async () => {
  await installation.braze.client.putCatalog({
    name: 'shop',
    fields: [
      { name: 'id', type: 'string' },
      { name: 'title', type: 'string' },
    ],
  });
  const item = (ms: number, id: string, title: string, deleted = false): TableRow => ({
    updated_at: instant(ms),
    id,
    payload: JSON.stringify({ title }),
    deleted,
  });
  const source = await declareSync(
    CATALOG_COLUMNS,
    [item(100, 'a', 'new'), item(101, 'b', 'new'), item(102, 'c', 'new')],
    { data_type: 'catalog', catalog: 'shop' },
  );
  await run(source.name);
  await source.add([item(90, 'a', 'stale'), item(95, 'b', 'stale', true), item(99, 'd', 'late')]);
  expect(await run(source.name)).toMatchObject({
    status: 'success',
    counts: { read: 3, sent: 3, requests: 1 },
  });
  expect(await run(source.name)).toMatchObject({ counts: { read: 0 } });
});
