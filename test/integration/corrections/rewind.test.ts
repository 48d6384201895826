/** `cdi rewind`: says what goes again, asks, and the next run sends exactly that. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { jsonOf, runCli, type CliResult } from '../../support/cli-process.ts';
import { addEvents, createEvents, instantOf } from '../../support/event-table.ts';
import { type Installation, install } from '../../support/installation.ts';
import { endOfRun, runToEnd, startRun } from '../../support/run-to-end.ts';

let installation: Installation;
let number = 0;

beforeAll(async () => {
  installation = await install('rewind', { latencyMs: 0 });
  await installation.startWorker();
});

afterAll(() => installation[Symbol.asyncDispose]());

beforeEach(() => installation.braze.client.reset());

const cli = (...args: string[]): Promise<CliResult> => runCli(installation.environment, args);

interface Sync {
  readonly name: string;
  readonly table: string;
}

/** A sync of events, not run yet. */
async function events(rows: number, options: object = {}): Promise<Sync> {
  number += 1;
  const sync = { name: `rewound-${number}`, table: `rewound_${number}` };
  await createEvents(installation.source, sync.table, rows);
  await installation.declare({ ...sync, data_type: 'events', options });
  return sync;
}

/** How often each event arrived. */
async function arrivals(): Promise<Map<number, number>> {
  const times = new Map<number, number>();
  for (const { text } of await installation.braze.client.events()) {
    const n = Number(/"n":(\d+)/.exec(text)?.[1]);
    times.set(n, (times.get(n) ?? 0) + 1);
  }
  return times;
}

const upTo = (count: number, from = 0): number[] => Array.from({ length: count }, (_, index) => from + index);

test('the next run sends again what lies at and after the time, and no more', async () => {
  const { name, table } = await events(100);
  await runToEnd(installation.session, name);
  const rewound = await cli('rewind', name, '--to', '2026-01-01T00:00:00.006Z', '--yes');
  expect(rewound).toMatchObject({
    code: 0,
    stdout: `${name}: the watermark is back from ${instantOf(99)} to ${instantOf(60)}. The next run sends 40 rows again.\n`,
  });
  await addEvents(installation.source, table, 100, 10);
  expect(await runToEnd(installation.session, name)).toMatchObject({
    status: 'success',
    counts: { read: 50 },
  });
  const times = await arrivals();
  expect(upTo(110).filter((n) => times.get(n) !== (n >= 60 && n < 100 ? 2 : 1))).toEqual([]);

  const shown = jsonOf<{ corrections: object[] }>(await cli('show', name, '--json'));
  expect(shown.corrections).toMatchObject([
    {
      kind: 'rewind',
      from: instantOf(99),
      to: instantOf(60),
      rows: 40,
      by: expect.stringContaining('@') as string,
    },
  ]);
});

test('to the beginning, with an instant that was read in parts', async () => {
  const { name, table } = await events(0, { page_size: 20, segment_rows: 20, lookback: '1h' });
  await installation.source.query(
    `insert into cdi.${table} select timestamptz '2026-01-01 00:00Z', 'u' || n,
       '{"name":"e","time":"2026-01-01T00:00:00Z","properties":{"n":' || n || '}}' from generate_series(0, 99) n`,
  );
  await runToEnd(installation.session, name);
  const rewound = await cli('rewind', name, '--to', 'beginning', '--yes', '--json');
  expect(jsonOf(rewound)).toEqual({ sync: name, from: instantOf(0), to: null, rows: 100 });
  expect(await runToEnd(installation.session, name)).toMatchObject({ counts: { read: 100, sent: 100 } });
  const times = await arrivals();
  expect(upTo(100).filter((n) => times.get(n) !== 2)).toEqual([]);
  expect(await runToEnd(installation.session, name)).toMatchObject({ counts: { read: 0 } });
});

test('what a run had confirmed before it was terminated goes again, too', async () => {
  const { name } = await events(2_000, { page_size: 1_000, segment_rows: 1_000, max_concurrency: 2 });
  await installation.braze.client.setLatency({ ms: 50 });
  const run = await startRun(installation.session, name);
  await expect
    .poll(async () => (await installation.session.ledger.runs.get(run))?.counts.sent, {
      timeout: 60_000,
      interval: 50,
    })
    .toBeGreaterThan(1_200);
  const client = await installation.session.temporal();
  await client.workflow.getHandle(`sync/${name}`, run).cancel();
  const { counts } = await endOfRun(installation.session, name, run);
  await installation.braze.client.reset();
  const rewound = await cli('rewind', name, '--to', 'beginning', '--yes', '--json');
  expect(jsonOf(rewound)).toMatchObject({ rows: counts.sent });
  expect(await runToEnd(installation.session, name)).toMatchObject({ counts: { read: 2_000, sent: 2_000 } });
  const times = await arrivals();
  expect(upTo(2_000).filter((n) => times.get(n) !== 1)).toEqual([]);
});

test('it asks: without a terminal and without --yes nothing changes', async () => {
  const { name } = await events(10);
  await runToEnd(installation.session, name);
  const refused = await cli('rewind', name, '--to', 'beginning');
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain(
    'The next run sends 10 rows again. Braze counts them a second time. Say so with --yes.',
  );
  expect(await installation.session.ledger.watermarks.get(name)).toMatchObject({ value: instantOf(9) });
  expect(await installation.session.ledger.corrections.ofSync(name, 10)).toEqual([]);
});

test('it is refused while a run is open, forwards, before the first run, and with a time that is none', async () => {
  const { name } = await events(300, { max_rows_per_run: 100 });
  expect(await cli('rewind', name, '--to', 'beginning', '--yes')).toMatchObject({
    code: 2,
    stderr: `${name} has delivered nothing yet: there is nothing to rewind.\n`,
  });
  expect(await cli('rewind', name, '--to', 'yesterday', '--yes')).toMatchObject({ code: 2 });
  const run = await startRun(installation.session, name);
  await expect.poll(async () => (await installation.session.ledger.runs.get(run))?.status).toBe('held');
  expect(await cli('rewind', name, '--to', 'beginning', '--yes')).toMatchObject({ code: 3 });
  const client = await installation.session.temporal();
  await client.workflow.getHandle(`sync/${name}`, run).signal('approve');
  await endOfRun(installation.session, name, run);
  const forwards = await cli('rewind', name, '--to', '2026-01-02T00:00:00Z', '--yes');
  expect(forwards).toMatchObject({ code: 2 });
  expect(forwards.stderr).toContain('A rewind goes back, and skips nothing.');
  expect(await cli('rewind', 'unknown', '--to', 'beginning', '--yes')).toMatchObject({ code: 4 });
});
