/** What the Temporal UI says of a run while it is under way, and once it has ended. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { runWorkflowId } from '../../../model/names.ts';
import type { RunRecord } from '../../../store/runs.ts';
import { createEvents } from '../../support/event-table.ts';
import { type Installation, install } from '../../support/installation.ts';
import { endOfRun, startRun } from '../../support/run-to-end.ts';

let installation: Installation;

beforeAll(async () => {
  installation = await install('details');
  await installation.startWorker();
});

afterAll(() => installation[Symbol.asyncDispose]());

beforeEach(() => installation.braze.client.reset());

async function detailsOf(sync: string, run: string): Promise<string> {
  const client = await installation.session.temporal();
  const { currentDetails } = await client.workflow
    .getHandle(runWorkflowId(sync), run)
    .query<{ currentDetails?: string }>('__temporal_workflow_metadata');
  return currentDetails ?? '';
}

/** Runs a sync against a Braze that takes its time. @returns how it ended, and what was shown meanwhile and then */
async function watched(sync: string): Promise<{ record: RunRecord; meanwhile: string[]; then: string }> {
  await installation.braze.client.setLatency({ ms: 300 });
  const run = await startRun(installation.session, sync);
  const end = endOfRun(installation.session, sync, run);
  const meanwhile = new Set<string>();
  for (let isOver = false; !isOver;) {
    meanwhile.add(await detailsOf(sync, run));
    isOver = await Promise.race([end.then(() => true), sleep(50, false)]);
  }
  return { record: await end, meanwhile: [...meanwhile], then: await detailsOf(sync, run) };
}

/** How much there was to do, as often as it was shown. */
const totals = (shown: readonly string[]): string[] => [
  ...new Set(shown.flatMap((details) => /[\d,]+ of ((?:about )?[\d,]+ .*) to go/.exec(details)?.[1] ?? [])),
];

const SMALL = { page_size: 20, segment_rows: 40, safety_lag: '0s' };

test('a long run says how far it is and when it ends, from its second segment on', async () => {
  await createEvents(installation.source, 'long', 600);
  await installation.declare({ name: 'long', table: 'long', data_type: 'events', options: SMALL });
  const { record, meanwhile, then } = await watched('long');
  expect(record).toMatchObject({ status: 'success', counts: { sent: 600 } });
  expect(totals(meanwhile)).toContain('about 600 rows');
  const running = meanwhile.join('\n');
  expect(running).toMatch(/^### long: running, \d+ % delivered$/m);
  expect(running).toMatch(/\*\*Ends:\*\* about \d\d:\d\d:\d\d UTC; [\d,]+ of about 600 rows to go/);
  expect(running).toMatch(/\*\*Under way:\*\* .*upload \(segment \d+, 40 rows\)/);
  expect(then).toContain('### long: success\n\n- **What happened:** Every new row is delivered.');
  expect(then).toContain('**Who must act:** nobody');
});

test('an instant that is read in parts counts as what it holds', async () => {
  await createEvents(installation.source, 'tied', 300);
  await installation.source.query(`update cdi.tied set updated_at = timestamptz '2026-01-01 00:00Z'`);
  await installation.declare({ name: 'tied', table: 'tied', data_type: 'events', options: SMALL });
  const { record, meanwhile } = await watched('tied');
  expect(record).toMatchObject({ status: 'success', counts: { sent: 300 } });
  const counted = totals(meanwhile).map((total) => Number(/\d+/.exec(total)?.[0]));
  expect(counted.length).toBeGreaterThan(0);
  // The rows of the first segment are counted once more with the parts.
  for (const total of counted) expect(total >= 300 && total <= 340).toBe(true);
});

test('a table that is read whole is measured in parts', async () => {
  await createEvents(installation.source, 'whole', 300);
  await installation.declare({
    name: 'whole',
    table: 'whole',
    data_type: 'events',
    full_refresh: true,
    options: SMALL,
  });
  const { record, meanwhile } = await watched('whole');
  expect(record).toMatchObject({ status: 'success', counts: { sent: 300 } });
  expect(totals(meanwhile)).toEqual([expect.stringMatching(/^\d+ parts of the table$/)]);
  expect(meanwhile.join('\n')).toMatch(/running, [1-9]\d? % delivered/);
});

test('a run with a guard knows how much there is from its beginning', async () => {
  await createEvents(installation.source, 'guarded', 100);
  await installation.declare({
    name: 'guarded',
    table: 'guarded',
    data_type: 'events',
    options: { max_rows_per_run: 100 },
  });
  const { meanwhile } = await watched('guarded');
  expect(totals(meanwhile)).toContain('100 rows');
});

test('a run that failed says what failed, who must act and what to do, without a stack', async () => {
  await createEvents(installation.source, 'gone', 1);
  await installation.declare({ name: 'gone', table: 'gone', data_type: 'events' });
  await installation.source.query('drop table cdi.gone');
  const { record, then } = await watched('gone');
  expect(record).toMatchObject({ status: 'config_error' });
  expect(then).toContain('### gone: config_error\n\n- **What failed:** ');
  expect(then).toContain('(`table_missing`');
  expect(then).toContain('**Who must act:** the data team');
  expect(then).toContain('**What to do:** Create the table or view');
  expect(then).toContain('`cdi run gone`');
  const client = await installation.session.temporal();
  const { events } = await client.workflow.getHandle(runWorkflowId('gone'), record.id).fetchHistory();
  const failures = (events ?? [])
    .flatMap((event) => [
      event.activityTaskFailedEventAttributes?.failure ?? [],
      event.workflowExecutionFailedEventAttributes?.failure ?? [],
    ])
    .flat();
  expect(failures).toHaveLength(2);
  for (const failure of failures) {
    expect(failure.message).toMatch(/ Who must act: the data team\. What to do: Create the table/);
    expect(failure.stackTrace ?? '').toBe('');
  }
});
