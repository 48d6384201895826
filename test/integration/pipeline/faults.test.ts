/** What happens to a run when its worker, its workflow or its lease is taken away. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { runWorkflowId } from '../../../model/names.ts';
import { createEvents, expectEvents } from '../../support/event-table.ts';
import { type Installation, type WorkerProcess, install } from '../../support/installation.ts';
import { resultOfRun, startRun } from '../../support/run-to-end.ts';

const ROWS = 3_000;
const WINDOW = 12;
/** Rows that lie within the window: what a crash may double at most. */
const WINDOW_ROWS = WINDOW * 75;

let installation: Installation;
let worker: WorkerProcess;
let number = 0;

beforeAll(async () => {
  installation = await install('faults', { latencyMs: 20, leaseTtl: '3s', heartbeatTimeout: '8s' });
  worker = await installation.startWorker();
});

afterAll(() => installation[Symbol.asyncDispose]());

beforeEach(async () => {
  await installation.braze.client.reset();
  await installation.braze.client.setLatency({ ms: 20 });
});

/** A fresh sync over a fresh table, and a run of it that has begun. */
async function begin(): Promise<{ name: string; runId: string }> {
  number += 1;
  const name = `stricken-${number}`;
  const table = `events_${number}`;
  await createEvents(installation.source, table, ROWS);
  await installation.declare({
    name,
    table,
    data_type: 'events',
    options: {
      page_size: 1_000,
      segment_rows: 1_000,
      unconfirmed_window: WINDOW,
      max_concurrency: 8,
      safety_lag: '0s',
    },
  });
  return { name, runId: await start(name) };
}

const start = (name: string): Promise<string> => startRun(installation.session, name);

const result = (name: string): Promise<unknown> => resultOfRun(installation.session, name);

/** Waits until this many events are at Braze. */
async function untilArrived(events: number): Promise<void> {
  for (;;) {
    const { events: arrived } = await installation.braze.client.state();
    if (arrived >= events) return;
    await sleep(10);
  }
}

/** Holds a lock in the ledger, so that whoever needs it waits. */
async function lockLedger(sql: string): Promise<{ release: () => Promise<void> }> {
  const client = new pg.Client({ connectionString: installation.environment['CDI_LEDGER_URL'] });
  await client.connect();
  await client.query('begin');
  await client.query(sql);
  return {
    release: async () => {
      await client.query('commit');
      await client.end();
    },
  };
}

async function replaceWorker(): Promise<void> {
  worker.kill('SIGKILL');
  await worker.ended();
  worker = await installation.startWorker();
}

test('kill -9 between upload and confirmation: only the window may double, and the run says so', async () => {
  const { name, runId } = await begin();
  await untilArrived(300);
  const lock = await lockLedger(`select * from syncs where name = '${name}' for update`);
  const before = (await installation.braze.client.state()).events;
  // The window fills up and the upload stands still: nothing more may be sent without a confirmation.
  await sleep(1_500);
  const still = (await installation.braze.client.state()).events;
  await sleep(500);
  expect((await installation.braze.client.state()).events).toBe(still);
  expect(still - before).toBeLessThanOrEqual(WINDOW_ROWS);
  await replaceWorker();
  await lock.release();
  expect(await result(name)).toMatchObject({
    status: 'success',
    counts: { read: ROWS, sent: ROWS, rejected: 0 },
  });
  const { doubled } = await expectEvents(installation.braze.client, installation.session, name, ROWS);
  expect(doubled).toBeGreaterThan(0);
  expect(doubled).toBeLessThanOrEqual(WINDOW_ROWS);
  expect((await installation.session.ledger.runs.get(runId))?.counts.possiblyDoubled).toBeLessThanOrEqual(
    WINDOW_ROWS,
  );
});

test('kill -9 between confirmation and commit doubles nothing', async () => {
  const { name } = await begin();
  await untilArrived(50);
  const lock = await lockLedger('lock table watermarks in share mode');
  await untilArrived(1_000);
  await sleep(1_000);
  await replaceWorker();
  await lock.release();
  expect(await result(name)).toMatchObject({ status: 'success', counts: { sent: ROWS } });
  expect(await expectEvents(installation.braze.client, installation.session, name, ROWS)).toEqual({
    doubled: 0,
  });
});

test('a dead worker is noticed within the time that the settings say', async () => {
  const { name } = await begin();
  await result(name);
  const client = await installation.session.temporal();
  const { events } = await client.workflow.getHandle(runWorkflowId(name)).fetchHistory();
  const timeouts = (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: step }) =>
    step?.activityType?.name === 'upload' ? [Number(step.heartbeatTimeout?.seconds)] : [],
  );
  expect(new Set(timeouts)).toEqual(new Set([8]));
});

test('a frozen worker whose lease ended sends nothing more when it wakes', async () => {
  const { name } = await begin();
  await untilArrived(300);
  worker.kill('SIGSTOP');
  const frozen = worker;
  worker = await installation.startWorker();
  // Heartbeats are missing: Temporal gives the upload to the other worker, which waits for the lease to end.
  await expect
    .poll(async () => (await installation.braze.client.state()).events, { timeout: 150_000 })
    .toBeGreaterThan(1_500);
  frozen.kill('SIGCONT');
  expect(await result(name)).toMatchObject({ status: 'success', counts: { sent: ROWS } });
  await expectEvents(installation.braze.client, installation.session, name, ROWS);
  await frozen.stop();
}, 240_000);

test('SIGTERM in mid-upload hands over without a double', async () => {
  const { name } = await begin();
  await untilArrived(300);
  await worker.stop();
  worker = await installation.startWorker();
  expect(await result(name)).toMatchObject({ status: 'success', counts: { sent: ROWS } });
  expect(await expectEvents(installation.braze.client, installation.session, name, ROWS)).toEqual({
    doubled: 0,
  });
});

test('cancel stops within seconds, keeps what was confirmed, and the next run sends the rest', async () => {
  const { name, runId } = await begin();
  await untilArrived(300);
  const client = await installation.session.temporal();
  const asked = Date.now();
  await client.workflow.getHandle(runWorkflowId(name)).cancel();
  await expect(result(name)).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
  expect(Date.now() - asked).toBeLessThan(10_000);
  const record = await installation.session.ledger.runs.get(runId);
  expect(record).toMatchObject({ status: 'cancelled', error: { type: 'cancelled' } });
  const { events } = await installation.braze.client.state();
  await sleep(500);
  expect((await installation.braze.client.state()).events).toBe(events);
  await start(name);
  expect(await result(name)).toMatchObject({ status: 'success' });
  expect(await expectEvents(installation.braze.client, installation.session, name, ROWS)).toEqual({
    doubled: 0,
  });
});

test('terminate: the next run closes the dead one and sends the rest, doubling only what was in flight', async () => {
  const { name, runId } = await begin();
  await untilArrived(300);
  const client = await installation.session.temporal();
  await client.workflow.getHandle(runWorkflowId(name)).terminate('by an operator');
  await start(name);
  expect(await result(name)).toMatchObject({ status: 'success' });
  expect(await installation.session.ledger.runs.get(runId)).toMatchObject({
    status: 'cancelled',
    error: { type: 'ended_outside' },
  });
  await expectEvents(installation.braze.client, installation.session, name, ROWS);
});

test('reset of a running run: its older self is superseded, every event arrives', async () => {
  const { name, runId } = await begin();
  await untilArrived(300);
  await resetToFirstStep(name, runId);
  await result(name);
  await expectEvents(installation.braze.client, installation.session, name, ROWS);
});

test('reset of a completed run sends nothing again', async () => {
  const { name, runId } = await begin();
  await result(name);
  const before = (await installation.braze.client.state()).events;
  await resetToFirstStep(name, runId);
  await result(name);
  expect((await installation.braze.client.state()).events).toBe(before);
  expect(await expectEvents(installation.braze.client, installation.session, name, ROWS)).toEqual({
    doubled: 0,
  });
});

/** Resets a run to just after its watermark was read, where it would go on with an epoch that is no longer its own. */
async function resetToFirstStep(name: string, runId: string): Promise<void> {
  const client = await installation.session.temporal();
  const { events } = await client.workflow.getHandle(runWorkflowId(name), runId).fetchHistory();
  const completions = (events ?? []).filter((event) => event.workflowTaskCompletedEventAttributes != null);
  const point = completions[2]?.eventId;
  if (point == null) throw new Error('The run has no third workflow task.');
  await client.workflowService.resetWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId: runWorkflowId(name), runId },
    workflowTaskFinishEventId: point,
    requestId: `${runId}-${Date.now()}`,
    reason: 'test',
  });
}
