/** `cdi retry`: rejected rows again, never over something newer, each at most once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { retryRejected, type RetryOptions } from '../../../client/commands/retry.ts';
import type { RunRecord } from '../../../store/runs.ts';
import { jsonOf, runCli, type CliResult } from '../../support/cli-process.ts';
import { type Installation, type WorkerProcess, install } from '../../support/installation.ts';
import { rejectedRows } from '../../support/rejected-rows.ts';
import { endOfRun, runToEnd } from '../../support/run-to-end.ts';
import { silentOutput } from '../../support/silent-output.ts';
import {
  CATALOG_COLUMNS,
  DELETE_COLUMNS,
  EVENT_COLUMNS,
  type TableRow,
  addRows,
  createTable,
  instant,
} from '../../support/source-table.ts';

let installation: Installation;
let worker: WorkerProcess;
let number = 0;

beforeAll(async () => {
  installation = await install('retry', { leaseTtl: '2s' });
  worker = await installation.startWorker();
});

afterAll(() => installation[Symbol.asyncDispose]());

beforeEach(() => installation.braze.client.reset());

interface Sync {
  readonly name: string;
  readonly table: string;
}

async function declare(
  dataType: string,
  columns: Readonly<Record<string, string>>,
  rows: readonly TableRow[],
  more: object = {},
): Promise<Sync> {
  number += 1;
  const sync = { name: `retried-${number}`, table: `retried_${number}` };
  await createTable(installation.source, sync.table, columns, rows);
  await installation.declare({ ...sync, data_type: dataType, ...more });
  return sync;
}

async function retry(sync: Sync, options: Partial<RetryOptions> = {}): Promise<RunRecord> {
  const record = await retryRejected(installation.session, silentOutput(), sync.name, {
    wait: true,
    run: undefined,
    asRejected: false,
    deletes: false,
    by: 'a person',
    ...options,
  });
  if (!record) throw new Error('Nothing was on offer.');
  return record;
}

const run = (sync: Sync): Promise<RunRecord> => runToEnd(installation.session, sync.name);
const cli = (...args: string[]): Promise<CliResult> => runCli(installation.environment, args);
const offered = async (sync: Sync): Promise<number> =>
  (await installation.session.ledger.rejectedRows.onOffer(sync.name, undefined)).rows;
const watermark = async (sync: Sync): Promise<string | null | undefined> =>
  (await installation.session.ledger.watermarks.get(sync.name))?.value;
const query = (sql: string): Promise<unknown> => installation.source.query(sql);

/** How often each event arrived. */
async function arrivals(): Promise<Map<number, number>> {
  const times = new Map<number, number>();
  for (const { text } of await installation.braze.client.events()) {
    const n = Number(/"n":(\d+)/.exec(text)?.[1]);
    times.set(n, (times.get(n) ?? 0) + 1);
  }
  return times;
}

async function attribute(user: string): Promise<unknown> {
  const profiles = await installation.braze.client.profiles();
  return profiles.find((profile) => profile.external_id === user)?.attributes['v'];
}

const good = (n: number): string => `{"name":"e","time":"2026-01-01T00:00:00Z","properties":{"n":${n}}}`;
const event = (n: number, payload: string): TableRow => ({
  updated_at: instant(n),
  external_id: `u${n % 7}`,
  payload,
});

describe('events', () => {
  test('corrected rows go once, delivered ones never again, and the watermark stays', async () => {
    const sync = await declare(
      'events',
      EVENT_COLUMNS,
      Array.from({ length: 40 }, (_, n) => event(n, n % 4 === 0 && n < 39 ? 'no json' : good(n))),
    );
    const first = await run(sync);
    expect(first).toMatchObject({ status: 'partial', counts: { sent: 30, rejected: 10 } });
    const before = await watermark(sync);
    await query(
      `update cdi.${sync.table} set payload = '{"name":"e","time":"2026-01-01T00:00:00Z","properties":{"n":' ||
         (extract(epoch from updated_at - timestamptz '2026-01-01 00:00Z') * 1000)::int || '}}'
       where payload = 'no json' and updated_at < timestamptz '2026-01-01 00:00:00.020Z'`,
    );
    const again = await retry(sync);
    expect(again).toMatchObject({
      status: 'partial',
      trigger: 'retry',
      counts: { read: 10, sent: 5, rejected: 5 },
    });
    expect(await watermark(sync)).toBe(before);
    const times = await arrivals();
    expect([...times.values()].every((count) => count === 1)).toBe(true);
    expect(times.size).toBe(35);
    // The former rejections are settled by the retry; what it rejected itself is on offer.
    const settled = await rejectedRows(installation.session, sync.name, first.id);
    expect(settled.map(({ settledBy }) => settledBy)).toEqual(Array.from({ length: 10 }, () => again.id));
    expect(await offered(sync)).toBe(5);
    expect(await run(sync)).toMatchObject({ status: 'success', counts: { read: 0 } });
    expect(await installation.session.ledger.corrections.ofSync(sync.name, 5)).toMatchObject([
      { kind: 'retry', run: again.id, by: 'a person', details: { asRejected: false, deletes: false } },
    ]);
  });

  test('a row at the watermark that was corrected is left to the ordinary run, and arrives once', async () => {
    const sync = await declare('events', EVENT_COLUMNS, [event(1, good(1)), event(2, 'no json')]);
    await run(sync);
    await query(`update cdi.${sync.table} set payload = '${good(2)}' where payload = 'no json'`);
    expect(await retry(sync)).toMatchObject({
      counts: { sent: 0 },
      warnings: [expect.stringContaining('left alone')],
    });
    await run(sync);
    await retry(sync);
    expect(await arrivals()).toEqual(
      new Map([
        [1, 1],
        [2, 1],
      ]),
    );
  });

  test('--as-rejected sends what is gone from the table; --run takes one run only', async () => {
    const sync = await declare('events', EVENT_COLUMNS, [event(1, good(1)), event(5, good(5))]);
    await installation.braze.client.setScript([
      { match: { containsText: '"n":1}' }, action: { type: 'merged_refused' } },
    ]);
    const first = await run(sync);
    expect(first).toMatchObject({ status: 'partial', counts: { rejected: 1 } });
    await addRows(installation.source, sync.table, [event(6, 'no json')]);
    const second = await run(sync);
    await installation.braze.client.setScript([]);
    await query(`delete from cdi.${sync.table} where updated_at < timestamptz '2026-01-01 00:00:00.002Z'`);

    expect(await retry(sync, { run: first.id })).toMatchObject({
      counts: { read: 0 },
      warnings: [expect.stringContaining('--as-rejected')],
    });
    expect(await retry(sync, { run: first.id, asRejected: true })).toMatchObject({
      status: 'success',
      counts: { sent: 1 },
    });
    expect(await arrivals()).toEqual(
      new Map([
        [1, 1],
        [5, 1],
      ]),
    );
    expect(await installation.session.ledger.rejectedRows.onOffer(sync.name, second.id)).toMatchObject({
      rows: 1,
    });
    expect(await installation.session.ledger.rejectedRows.onOffer(sync.name, first.id)).toMatchObject({
      rows: 0,
    });
    expect((await cli('retry', sync.name, '--run', first.id)).stdout).toContain('no rejected rows');
    expect(await cli('retry', sync.name, '--run', 'unknown')).toMatchObject({ code: 4 });
  });
});

describe('attributes', () => {
  const row = (n: number, user: string, payload: string): TableRow => ({
    updated_at: instant(n),
    external_id: user,
    payload,
  });

  test.each([{ asRejected: false }, { asRejected: true }])(
    'never over something newer ($asRejected)',
    async ({ asRejected }) => {
      const sync = await declare('attributes', EVENT_COLUMNS, [
        row(1, 'overtaken', '{"v":"old","bad":1}'),
        row(1, 'alone', '{"v":"first","bad":1}'),
        row(2, 'other', '{"v":"x"}'),
      ]);
      await installation.braze.client.setScript([
        { match: { containsText: '"bad"' }, action: { type: 'merged_refused' } },
      ]);
      expect(await run(sync)).toMatchObject({ counts: { sent: 1, rejected: 2 } });
      await installation.braze.client.setScript([]);
      await addRows(installation.source, sync.table, [row(3, 'overtaken', '{"v":"new"}')]);
      await run(sync);
      expect(await retry(sync, { asRejected })).toMatchObject({ status: 'success', counts: { sent: 1 } });
      expect(await attribute('overtaken')).toBe('"new"');
      expect(await attribute('alone')).toBe('"first"');
      expect(await offered(sync)).toBe(1);
    },
  );

  test('several rejected rows of a user go in their order', async () => {
    const sync = await declare('attributes', EVENT_COLUMNS, [
      row(1, 'both', '{"v":"a","w":1}'),
      row(2, 'both', '{"v":"b"}'),
      row(3, 'last', '{"v":"c"}'),
    ]);
    await installation.braze.client.setScript([
      { match: { containsText: '"both"' }, action: { type: 'merged_refused' } },
    ]);
    expect(await run(sync)).toMatchObject({ counts: { sent: 1, rejected: 2 } });
    await installation.braze.client.setScript([]);
    expect(await retry(sync)).toMatchObject({ status: 'success', counts: { sent: 2 } });
    const profiles = await installation.braze.client.profiles();
    expect(profiles.find((profile) => profile.external_id === 'both')?.attributes).toMatchObject({
      v: '"b"',
      w: '1',
    });
  });
});

describe('deletes ask for themselves', () => {
  test('of users: only with --deletes', async () => {
    const sync = await declare('user_deletes', DELETE_COLUMNS, [
      { updated_at: instant(1), external_id: 'u1' },
      { updated_at: instant(2), external_id: 'u2', braze_id: 'b2' },
      { updated_at: instant(3), external_id: 'u3' },
    ]);
    expect(await run(sync)).toMatchObject({ counts: { sent: 2, rejected: 1 } });
    const refused = await cli('retry', sync.name);
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.stderr).toContain(
      '1 of the rejected rows of ' + sync.name + ' delete. Send them too? Say so with --deletes.',
    );
    const again = await cli('retry', sync.name, '--deletes', '--json');
    expect(jsonOf(again)).toMatchObject({ status: 'partial', read: 1, rejected: 1, trigger: 'retry' });
  });

  test('of catalog items: the others go without', async () => {
    const item = (n: number, deleted: boolean): TableRow => ({
      updated_at: instant(n),
      id: `i${n}`,
      payload: `{"n":${n}}`,
      deleted,
    });
    const sync = await declare('catalog', CATALOG_COLUMNS, [item(1, false), item(2, true), item(3, false)], {
      catalog: 'shop',
    });
    await installation.braze.client.putCatalog({
      name: 'shop',
      fields: [
        { name: 'id', type: 'string' },
        { name: 'n', type: 'number' },
      ],
    });
    await installation.braze.client.setScript([
      { match: { containsText: '"i1"' }, action: { type: 'merged_refused' } },
      { match: { containsText: '"i2"' }, action: { type: 'merged_refused' } },
    ]);
    expect(await run(sync)).toMatchObject({ counts: { sent: 1, rejected: 2 } });
    await installation.braze.client.setScript([]);
    expect(await retry(sync)).toMatchObject({
      counts: { read: 1, sent: 1 },
      warnings: [expect.stringContaining('--deletes')],
    });
    expect(await retry(sync, { deletes: true })).toMatchObject({ counts: { read: 1, sent: 1 } });
    expect(await offered(sync)).toBe(0);
  });
});

describe('a retry that is interrupted', () => {
  const ROWS = 600;

  /** Events that were rejected and are corrected by now; Braze takes them slowly. */
  async function refused(): Promise<Sync> {
    const rows = Array.from({ length: ROWS }, (_, n) => event(n, n < ROWS - 1 ? 'no json' : good(n)));
    const sync = await declare('events', EVENT_COLUMNS, rows, {
      options: {
        page_size: 200,
        segment_rows: 200,
        max_concurrency: 1,
        unconfirmed_window: 1,
        safety_lag: '0s',
      },
    });
    expect(await run(sync)).toMatchObject({ counts: { rejected: ROWS - 1 } });
    await query(
      `update cdi.${sync.table} set payload = '{"name":"e","time":"2026-01-01T00:00:00Z","properties":{"n":' ||
         round(extract(epoch from updated_at - timestamptz '2026-01-01 00:00Z') * 1000)::int || '}}'
       where payload = 'no json'`,
    );
    await installation.braze.client.reset();
    await installation.braze.client.setLatency({ ms: 300 });
    return sync;
  }

  async function begin(sync: Sync): Promise<string> {
    const output = silentOutput(true);
    await retryRejected(installation.session, output, sync.name, {
      wait: false,
      run: undefined,
      asRejected: false,
      deletes: false,
      by: 'a person',
    });
    return (JSON.parse(output.printed[0] ?? '') as { run: string }).run;
  }

  async function untilSent(id: string, rows: number): Promise<void> {
    while (((await installation.session.ledger.runs.get(id))?.counts.sent ?? 0) < rows) await sleep(20);
  }

  /** Asserts that each event arrived, and none twice but for what a run says may be. */
  async function expectOnce(sync: Sync): Promise<void> {
    const times = await arrivals();
    const missing = Array.from({ length: ROWS - 1 }, (_, n) => n).filter((n) => !times.has(n));
    expect(missing).toEqual([]);
    const runs = await installation.session.ledger.runs.ofSync(sync.name, 10);
    const doubled = [...times].filter(([, count]) => count > 1).length;
    expect(doubled).toBeLessThanOrEqual(runs.reduce((sum, { counts }) => sum + counts.possiblyDoubled, 0));
    // One batch is in flight at a time.
    expect(doubled).toBeLessThanOrEqual(75);
  }

  test('by kill -9 of the worker goes on', async () => {
    const sync = await refused();
    const id = await begin(sync);
    await untilSent(id, 250);
    worker.kill('SIGKILL');
    await worker.ended();
    worker = await installation.startWorker();
    expect(await endOfRun(installation.session, sync.name, id)).toMatchObject({
      status: 'success',
      counts: { sent: ROWS - 1 },
    });
    await expectOnce(sync);
    expect(await offered(sync)).toBe(0);
  });

  test.each(['retry', 'run'] as const)(
    'by terminate: what it had confirmed is settled by the next %s, and not sent again',
    async (next) => {
      const sync = await refused();
      const id = await begin(sync);
      await untilSent(id, 250);
      const client = await installation.session.temporal();
      await client.workflow.getHandle(`sync/${sync.name}`).terminate('by an operator');
      // The dead upload ends with its lease.
      await sleep(3_000);
      const confirmed = (await installation.session.ledger.runs.get(id))?.counts.sent ?? 0;
      await installation.braze.client.setLatency({ ms: 0 });
      if (next === 'run') {
        expect(await run(sync)).toMatchObject({ counts: { read: 0 } });
        expect(await offered(sync)).toBe(ROWS - 1 - confirmed);
      }
      expect(await retry(sync)).toMatchObject({ status: 'success', counts: { sent: ROWS - 1 - confirmed } });
      await expectOnce(sync);
      expect(await offered(sync)).toBe(0);
    },
  );
});

test('a rewind withdraws rejected rows that the next run reads again', async () => {
  const sync = await declare('events', EVENT_COLUMNS, [
    event(1, 'no json'),
    event(2, 'no json'),
    event(3, good(3)),
  ]);
  await run(sync);
  expect(await cli('rewind', sync.name, '--to', '2026-01-01T00:00:00.002Z', '--yes')).toMatchObject({
    code: 0,
  });
  expect(await offered(sync)).toBe(1);
  expect(await run(sync)).toMatchObject({ counts: { read: 2, rejected: 1 } });
  expect(await offered(sync)).toBe(2);
});

test('a retry is refused while a run is under way', async () => {
  const sync = await declare('events', EVENT_COLUMNS, [event(1, 'no json'), event(2, good(2))], {
    options: { max_rows_per_run: 1 },
  });
  const client = await installation.session.temporal();
  const handle = await client.workflow.start('syncRun', {
    workflowId: `sync/${sync.name}`,
    taskQueue: installation.session.queues.control,
    args: [{ sync: sync.name, trigger: 'manual' }],
  });
  await expect
    .poll(async () => (await installation.session.ledger.runs.get(handle.firstExecutionRunId))?.status)
    .toBe('held');
  await handle.signal('approve');
  await handle.result();
  const id = await client.workflow.start('syncRun', {
    workflowId: `sync/${sync.name}`,
    taskQueue: 'nobody-polls-this',
    args: [{ sync: sync.name, trigger: 'manual' }],
  });
  expect(await cli('retry', sync.name)).toMatchObject({ code: 3 });
  await id.terminate('done');
});
