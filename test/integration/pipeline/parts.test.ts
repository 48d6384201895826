/** Instants with more rows than a segment may hold: read in parts, each row once, known again in the next run. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RunRecord } from '../../../store/runs.ts';
import { type Installation, install } from '../../support/installation.ts';
import { runToEnd } from '../../support/run-to-end.ts';
import {
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
  installation = await install('parts');
  await installation.startWorker();
});

afterAll(() => installation[Symbol.asyncDispose]());

beforeEach(() => installation.braze.client.reset());

const row = (ms: number, n: number): TableRow => ({
  updated_at: instant(ms),
  external_id: `u${n % 97}`,
  payload: `{"name":"e","properties":{"n":${n}}}`,
});

const upTo = (count: number, from = 0): number[] => Array.from({ length: count }, (_, n) => n + from);

/** Declares a sync of events whose segments hold 20 rows. */
async function eventSync(
  rows: readonly TableRow[],
  options: Readonly<Record<string, unknown>> = {},
): Promise<{ name: string; table: string }> {
  number += 1;
  const source = { name: `parts-${number}`, table: `parts_${number}` };
  await createTable(installation.source, source.table, EVENT_COLUMNS, rows);
  await installation.declare({
    ...source,
    data_type: 'events',
    options: { page_size: 10, segment_rows: 20, safety_lag: '0s', ...options },
  });
  return source;
}

const run = (name: string): Promise<RunRecord> => runToEnd(installation.session, name);

async function arrived(): Promise<number[]> {
  const events = await installation.braze.client.events();
  return events.map(({ text }) => Number(/"n":(\d+)/.exec(text)?.[1])).sort((a, b) => a - b);
}

async function partsOf(sync: string, at: string): Promise<{ rows: number; hasDigests: boolean }[]> {
  return installation.session.ledger.instantParts.of(sync, at);
}

describe('a table in one instant', () => {
  test('goes whole, and rows that are added at that instant are found among the others', async () => {
    const { name, table } = await eventSync(upTo(500).map((n) => row(0, n)));
    expect(await run(name)).toMatchObject({
      status: 'success',
      counts: { read: 500, sent: 500 },
      watermarkAfter: ledgerInstant(0),
    });
    expect(await arrived()).toEqual(upTo(500));
    const parts = await partsOf(name, ledgerInstant(0));
    expect(parts.length).toBeGreaterThan(20);
    expect(parts.reduce((sum, { rows }) => sum + rows, 0)).toBe(500);

    await addRows(
      installation.source,
      table,
      upTo(10, 500).map((n) => row(0, n)),
    );
    expect(await run(name)).toMatchObject({ status: 'success', counts: { read: 10, sent: 10 } });
    expect(await arrived()).toEqual(upTo(510));
    expect(await run(name)).toMatchObject({ status: 'success', counts: { read: 0, sent: 0, requests: 0 } });
  });

  test('beyond `digest_rows` only the changed parts go again, whole, and the run says so', async () => {
    const { name, table } = await eventSync(
      upTo(200).map((n) => row(0, n)),
      { digest_rows: 100 },
    );
    await run(name);
    const parts = await partsOf(name, ledgerInstant(0));
    const digests = parts.filter(({ hasDigests }) => hasDigests);
    expect(digests.length).toBeGreaterThan(0);
    expect(digests.reduce((sum, { rows }) => sum + rows, 0)).toBeLessThanOrEqual(100);
    await addRows(
      installation.source,
      table,
      upTo(60, 200).map((n) => row(0, n)),
    );
    const second = await run(name);
    const again = second.counts.sent - 60;
    expect(again).toBeGreaterThan(0);
    expect(again).toBeLessThan(200);
    expect(second.warnings).toEqual([expect.stringContaining('`digest_rows` is too low')]);
    const all = await arrived();
    expect(new Set(all)).toEqual(new Set(upTo(260)));
    expect(all).toHaveLength(260 + again);
    expect(await run(name)).toMatchObject({ counts: { read: 0, sent: 0 }, warnings: [] });
  });

  test('may grow to many times its size', async () => {
    const { name, table } = await eventSync(upTo(60).map((n) => row(0, n)));
    await run(name);
    await addRows(
      installation.source,
      table,
      upTo(900, 60).map((n) => row(0, n)),
    );
    expect(await run(name)).toMatchObject({ counts: { read: 900, sent: 900 } });
    expect(await arrived()).toEqual(upTo(960));
    expect(await run(name)).toMatchObject({ counts: { read: 0, sent: 0 } });
  });

  test('rows of one user stay together, however many', async () => {
    const rows = upTo(150).map((n) => ({ ...row(0, n), external_id: n < 100 ? 'one' : `u${n}` }));
    const { name } = await eventSync(rows);
    expect(await run(name)).toMatchObject({ counts: { read: 150, sent: 150 } });
    expect(await arrived()).toEqual(upTo(150));
    expect((await installation.braze.client.state()).violations.inFlight).toBe(0);
    expect(await run(name)).toMatchObject({ counts: { read: 0 } });
  });

  test('rows that are equal in every column are as many events', async () => {
    const { name, table } = await eventSync(upTo(100).map(() => row(0, 1)));
    expect(await run(name)).toMatchObject({ counts: { read: 100, sent: 100 } });
    await addRows(installation.source, table, [row(0, 1), row(0, 1)]);
    expect(await run(name)).toMatchObject({ counts: { read: 2, sent: 2 } });
    expect(await arrived()).toHaveLength(102);
  });
});

test('large instants in the middle of ordinary rows', async () => {
  const sizes = [5, 61, 3, 200, 1, 19, 20, 21, 22, 64, 7];
  const times = sizes.flatMap((size, at) => Array.from({ length: size }, () => at));
  const { name, table } = await eventSync(times.map((at, n) => row(at, n)));
  expect(await run(name)).toMatchObject({
    status: 'success',
    counts: { read: times.length, sent: times.length },
    watermarkAfter: ledgerInstant(sizes.length - 1),
  });
  expect(await arrived()).toEqual(upTo(times.length));
  await addRows(
    installation.source,
    table,
    upTo(70, times.length).map((n) => row(sizes.length - 1, n)),
  );
  expect(await run(name)).toMatchObject({ counts: { read: 70, sent: 70 } });
  expect(await arrived()).toEqual(upTo(times.length + 70));
  // Parts of instants behind the watermark are of no use any more.
  await addRows(installation.source, table, [row(100, 9_999)]);
  expect(await run(name)).toMatchObject({ counts: { read: 1 }, watermarkAfter: ledgerInstant(100) });
  expect(await partsOf(name, ledgerInstant(sizes.length - 1))).toEqual([]);
});
