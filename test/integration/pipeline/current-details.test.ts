/** What the Temporal UI says of a run while it is under way, and once it has ended. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { answerHeldRun } from '../../../client/commands/answer-held.ts';
import { runWorkflowId } from '../../../model/names.ts';
import { createEvents } from '../../support/event-table.ts';
import { type Installation, install } from '../../support/installation.ts';
import { currentDetails, endOfRun, startRun } from '../../support/run-to-end.ts';
import { ATTRIBUTE_COLUMNS, createTable, instant } from '../../support/source-table.ts';

let installation: Installation;

beforeAll(async () => {
  installation = await install('details');
  await installation.startWorker();
});

afterAll(() => installation[Symbol.asyncDispose]());

beforeEach(() => installation.braze.client.reset());

const detailsOf = (sync: string, run: string): Promise<string> =>
  currentDetails(installation.session, sync, run);

/** Waits until a run says this; for runs that stand still there. */
async function untilShown(sync: string, run: string, pattern: RegExp): Promise<string> {
  let details = '';
  await expect
    .poll(async () => (details = await detailsOf(sync, run)), { interval: 50, timeout: 60_000 })
    .toMatch(pattern);
  return details;
}

const SMALL = { page_size: 50, segment_rows: 40 };

/**
 * Starts a run that stands still once its first segment is delivered, and the next three are read.
 *
 * @param requests how many bring the first segment
 */
async function startedAndStopped(sync: string, requests = 1): Promise<string> {
  await installation.braze.client.setScript([
    { match: { afterRequests: requests }, action: { type: '429', style: 'retry_after', seconds: 1 } },
  ]);
  return startRun(installation.session, sync);
}

/** Lets a run that stands still go on. @returns how it ended */
async function goneOn(sync: string, run: string): ReturnType<typeof endOfRun> {
  await installation.braze.client.setScript([]);
  return endOfRun(installation.session, sync, run);
}

/** Nothing but the upload is under way. */
const STANDS = /\*\*Under way:\*\* upload \(segment 2, \d+ rows\)\n/;

test('a long run says how far it is and when it ends, from its second segment on', async () => {
  await createEvents(installation.source, 'long', 200);
  await installation.declare({ name: 'long', table: 'long', data_type: 'events', options: SMALL });
  const run = await startedAndStopped('long');
  const details = await untilShown('long', run, STANDS);
  expect(details.split('\n')).toMatchObject([
    '### long: running, 20 % delivered',
    'cdi.long to the workspace main',
    '',
    expect.stringMatching(
      /^- \*\*Ends:\*\* about [\d-]*\s?\d\d:\d\d(:\d\d)? UTC; 160 of about 200 rows to go$/,
    ),
    '- **Under way:** upload (segment 2, 40 rows)',
    '- **Read:** 160 rows',
    expect.stringMatching(/^- \*\*Sent:\*\* 40 rows in 1 request, \d+ rows\/s$/),
    '- **Rejected:** 0 rows',
    expect.stringMatching(/^- \*\*Delivered up to:\*\* 2026-01-01 00:00:00\.003000; this run reads up to /),
    '',
    expect.stringMatching(/^As of /),
  ]);
  expect(await goneOn('long', run)).toMatchObject({ status: 'success', counts: { read: 200, sent: 200 } });
  const ended = await detailsOf('long', run);
  expect(ended).toContain('### long: success\n\n- **What happened:** Every new row is delivered.');
  expect(ended).toContain('**Who must act:** nobody');
});

test('an instant that is read in parts counts as what it holds', async () => {
  await createEvents(installation.source, 'tied', 100);
  await installation.source.query(`update cdi.tied set updated_at = timestamptz '2026-01-01 00:00Z'`);
  await installation.declare({ name: 'tied', table: 'tied', data_type: 'events', options: SMALL });
  // The first segment met a row more than it may hold, and so the instant is read in parts.
  const run = await startedAndStopped('tied', 2);
  const details = await untilShown('tied', run, STANDS);
  expect(details).toMatch(/ 59 of about 100 rows to go\n/);
  expect(details).toContain('- **Sent:** 41 rows in 2 requests');
  expect(details).toContain('- **Read:** 100 rows\n');
  expect(await goneOn('tied', run)).toMatchObject({ status: 'success', counts: { read: 100, sent: 100 } });
});

test('a table that is read whole is measured in parts', async () => {
  const users = Array.from({ length: 200 }, (_unused, n) => ({
    updated_at: instant(n),
    external_id: `u${n}`,
    payload: `{"n":${n}}`,
  }));
  await createTable(installation.source, 'whole', ATTRIBUTE_COLUMNS, users);
  await installation.declare({
    name: 'whole',
    table: 'whole',
    data_type: 'attributes',
    full_refresh: true,
    options: SMALL,
  });
  const run = await startedAndStopped('whole');
  const details = await untilShown('whole', run, STANDS);
  const [, left, all] = / UTC; (\d+) of (\d+) parts of the table to go\n/.exec(details) ?? [];
  expect(Number(all)).toBeGreaterThanOrEqual(5);
  expect(Number(left)).toBe(Number(all) - 1);
  expect(details).toContain(`### whole: running, ${Math.floor(100 / Number(all))} % delivered\n`);
  expect(await goneOn('whole', run)).toMatchObject({ status: 'success', counts: { read: 200, sent: 200 } });
});

test('a run with a guard knows how much there is before it reads', async () => {
  await createEvents(installation.source, 'guarded', 100);
  await installation.declare({
    name: 'guarded',
    table: 'guarded',
    data_type: 'events',
    options: { max_rows_per_run: 99 },
  });
  const run = await startRun(installation.session, 'guarded');
  await untilShown('guarded', run, /^### guarded: held$/m);
  // It stands still as it begins to read.
  await installation.source.query('begin; lock table cdi.guarded in access exclusive mode');
  try {
    await answerHeldRun(installation.session, 'guarded', 'approved', 'a person');
    const details = await untilShown('guarded', run, /\*\*Under way:\*\* extract \(segment 1, /);
    expect(details).toMatch(/^### guarded: running, 0 % delivered\n/);
    expect(details).toContain(
      '- **Ends:** known once the first segment is delivered; 100 of about 100 rows to go\n',
    );
  } finally {
    await installation.source.query('rollback');
  }
  expect(await endOfRun(installation.session, 'guarded', run)).toMatchObject({ counts: { sent: 100 } });
});

test('a run that failed says what failed, who must act and what to do, without a stack', async () => {
  await createEvents(installation.source, 'vanished', 1);
  await installation.declare({ name: 'vanished', table: 'vanished', data_type: 'events' });
  await installation.source.query('drop table cdi.vanished');
  const run = await startRun(installation.session, 'vanished');
  expect(await endOfRun(installation.session, 'vanished', run)).toMatchObject({ status: 'config_error' });
  const ended = await detailsOf('vanished', run);
  expect(ended).toContain('### vanished: config_error\n\n- **What failed:** ');
  expect(ended).toContain('(`table_missing`');
  expect(ended).toContain('**Who must act:** the data team');
  expect(ended).toContain('**What to do:** Create the table or view');
  expect(ended).toContain('`cdi run vanished`');
  const client = await installation.session.temporal();
  const { events } = await client.workflow.getHandle(runWorkflowId('vanished'), run).fetchHistory();
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
