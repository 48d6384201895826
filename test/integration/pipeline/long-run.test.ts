/** A run of many segments: history stays short, however long the run. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runSync } from '../../../client/commands/run.ts';
import { runWorkflowId } from '../../../model/names.ts';
import { createEvents, expectEvents } from '../../support/event-table.ts';
import { type Installation, install } from '../../support/installation.ts';
import { silentOutput } from '../../support/silent-output.ts';

let installation: Installation;

beforeAll(async () => {
  installation = await install('long');
  await installation.startWorker();
});

afterAll(() => installation[Symbol.asyncDispose]());

test('continues as new between segments, keeps its upper bound and its counts, and sends every row once', async () => {
  // Three thousand pages in three hundred segments.
  const rows = 6_000;
  await createEvents(installation.source, 'events', rows);
  await installation.declare({
    name: 'long-events',
    table: 'events',
    data_type: 'events',
    options: { page_size: 2, segment_rows: 20, safety_lag: '0s' },
  });
  const run = await runSync(installation.session, silentOutput(), 'long-events', { wait: true });
  expect(run).toMatchObject({ status: 'success', counts: { read: rows, sent: rows, possiblyDoubled: 0 } });
  expect(await expectEvents(installation.braze.client, installation.session, 'long-events', rows)).toEqual({
    doubled: 0,
  });

  const client = await installation.session.temporal();
  const lengths: number[] = [];
  let runId: string | undefined = run?.id;
  for (let executions = 0; runId !== undefined && executions < 200; executions += 1) {
    const handle = client.workflow.getHandle(runWorkflowId('long-events'), runId);
    const history = await handle.fetchHistory();
    lengths.push(history.events?.length ?? 0);
    runId =
      history.events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? undefined;
  }
  expect(lengths.length).toBeGreaterThan(10);
  expect(Math.max(...lengths)).toBeLessThan(400);
});
