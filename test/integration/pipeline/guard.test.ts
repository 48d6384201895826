/** Runs that would send more than they may: held, told of, answered. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { answerHeldRun } from '../../../client/commands/answer-held.ts';
import { restoreAllSchedules } from '../../../client/commands/apply-schedule.ts';
import { resumeSync } from '../../../client/commands/pause.ts';
import { claimPort, LOCALHOST } from '../../../client/embedded/claim-port.ts';
import { startTemporalServer } from '../../../client/embedded/temporal-server.ts';
import { runWorkflowId, scheduleId } from '../../../model/names.ts';
import type { RunRecord } from '../../../store/runs.ts';
import { type SpawnedMailCatcher, spawnMailCatcher } from '../../mail-catcher/mail-catcher-client.ts';
import { jsonOf, runCli } from '../../support/cli-process.ts';
import { addEvents, createEvents, expectEvents } from '../../support/event-table.ts';
import { type Installation, type WorkerProcess, install } from '../../support/installation.ts';
import { currentDetails, endOfRun, runToEnd, startRun } from '../../support/run-to-end.ts';
import {
  CATALOG_COLUMNS,
  DELETE_COLUMNS,
  type TableRow,
  addRows,
  createTable,
  instant,
} from '../../support/source-table.ts';

let installation: Installation;
let mail: SpawnedMailCatcher;
let worker: WorkerProcess;
let number = 0;

beforeAll(async () => {
  mail = await spawnMailCatcher();
  installation = await install('guard', { smtpUrl: mail.smtp });
  worker = await installation.startWorker();
});

afterAll(async () => {
  await installation[Symbol.asyncDispose]();
  await mail.kill();
});

beforeEach(async () => {
  await installation.braze.client.reset();
  await mail.client.reset();
});

interface Sync {
  readonly name: string;
  readonly table: string;
}

/** A sync of so many events under a guard. */
async function events(rows: number, options: object, more: object = {}): Promise<Sync> {
  number += 1;
  const sync = { name: `guard-${number}`, table: `guard_${number}` };
  await createEvents(installation.source, sync.table, rows);
  await installation.declare({ ...sync, data_type: 'events', options, ...more });
  return sync;
}

async function untilHeld(at: Installation, run: string): Promise<RunRecord> {
  for (;;) {
    const record = await at.session.ledger.runs.get(run);
    if (record?.status === 'held') return record;
    if (record?.finishedAt) throw new Error(`The run ended as ${record.status}.`);
    await sleep(50);
  }
}

/** Starts a run and waits until it is held. */
async function held(sync: Sync): Promise<string> {
  const run = await startRun(installation.session, sync.name);
  await untilHeld(installation, run);
  return run;
}

const approve = (sync: Sync): Promise<unknown> =>
  answerHeldRun(installation.session, sync.name, 'approved', 'a person');

async function outcomeShown(sync: Sync): Promise<unknown> {
  const client = await installation.session.temporal();
  const { typedSearchAttributes } = await client.workflow.getHandle(runWorkflowId(sync.name)).describe();
  return typedSearchAttributes.getAll().find(({ key }) => key.name === 'SyncOutcome')?.value;
}

const end = (sync: Sync, run: string): Promise<RunRecord> => endOfRun(installation.session, sync.name, run);

describe('a run beyond its guard', () => {
  test('waits before any request, tells once, says in Temporal who must act, and goes on once approved', async () => {
    const sync = await events(30, { max_rows_per_run: 20 });
    const run = await held(sync);
    await expect.poll(() => outcomeShown(sync)).toBe('held');
    await expect.poll(async () => (await mail.client.mails()).length).toBe(1);
    expect(await installation.braze.client.record()).toEqual([]);
    const [told] = await mail.client.mails();
    expect(told?.subject).toContain(`${sync.name} is held: 30 rows wait for approval`);
    for (const part of [told?.text, told?.html]) {
      expect(part).toContain('max_rows_per_run is 20');
      expect(part).toContain(`cdi approve ${sync.name}`);
    }
    const details = await currentDetails(installation.session, sync.name, run);
    expect(details).toContain('**Who must act:** the data team');
    expect(details).toContain(`cdi approve ${sync.name}`);

    const answered = await runCli(installation.environment, ['approve', sync.name, '--json']);
    expect(answered.code).toBe(0);
    expect(jsonOf(answered)).toMatchObject({ sync: sync.name, run, decision: 'approved' });
    const record = await end(sync, run);
    expect(record).toMatchObject({
      status: 'success',
      counts: { read: 30, sent: 30 },
      held: { rows: 30, limits: { rows: 20 }, answer: { decision: 'approved' } },
    });
    expect(await outcomeShown(sync)).toBe('success');
    expect(await mail.client.mails()).toHaveLength(1);
    await expectEvents(installation.braze.client, installation.session, sync.name, 30);
  });

  test('what is delivered at the watermark does not count again', async () => {
    const sync = await events(20, { max_rows_per_run: 20 });
    expect(await runToEnd(installation.session, sync.name)).toMatchObject({ status: 'success', held: null });
    await addEvents(installation.source, sync.table, 20, 20);
    expect(await runToEnd(installation.session, sync.name)).toMatchObject({
      status: 'success',
      counts: { read: 20 },
      held: null,
    });
    await addEvents(installation.source, sync.table, 40, 21);
    const run = await held(sync);
    await approve(sync);
    expect(await end(sync, run)).toMatchObject({
      status: 'success',
      counts: { read: 21 },
      held: { rows: 21 },
    });
  });

  test('rejected, it ends and pauses the schedule with a note; once resumed, the next run asks again', async () => {
    const sync = await events(30, { max_rows_per_run: 20 }, { schedule: { every: '1 month' } });
    await restoreAllSchedules(installation.session);
    await resumeSync(installation.session, sync.name, 'for the test');
    const run = await held(sync);
    const answered = await runCli(installation.environment, ['reject', sync.name]);
    expect(answered).toMatchObject({ code: 0, stdout: expect.stringContaining('rejected') as string });
    expect(await end(sync, run)).toMatchObject({
      status: 'cancelled',
      error: { type: 'run_rejected' },
      held: { answer: { decision: 'rejected' } },
    });
    const client = await installation.session.temporal();
    const { state } = await client.schedule.getHandle(scheduleId(sync.name)).describe();
    expect(state).toMatchObject({
      paused: true,
      note: expect.stringMatching(/rejected by .*30 rows/) as string,
    });
    expect(await installation.session.ledger.definitions.sync(sync.name)).toMatchObject({
      paused: true,
      pauseNote: state.note,
    });
    expect(await installation.braze.client.record()).toEqual([]);

    await resumeSync(installation.session, sync.name, 'looked at');
    const next = await held(sync);
    await approve(sync);
    expect(await end(sync, next)).toMatchObject({ status: 'success', counts: { sent: 30 } });
    await client.schedule.getHandle(scheduleId(sync.name)).delete();
  });

  test('can be cancelled while it waits', async () => {
    const sync = await events(30, { max_rows_per_run: 20 });
    const run = await held(sync);
    const client = await installation.session.temporal();
    await client.workflow.getHandle(runWorkflowId(sync.name)).cancel();
    expect(await end(sync, run)).toMatchObject({ status: 'cancelled', error: { type: 'cancelled' } });
    await expect(approve(sync)).rejects.toMatchObject({ exitCode: 4 });
  });

  test('waits on when the worker is killed, and takes a bare signal for an answer', async () => {
    const sync = await events(30, { max_rows_per_run: 20 });
    const run = await held(sync);
    await expect.poll(async () => (await mail.client.mails()).length).toBe(1);
    worker.kill('SIGKILL');
    await worker.ended();
    worker = await installation.startWorker();
    const client = await installation.session.temporal();
    await client.workflow.getHandle(runWorkflowId(sync.name)).signal('approve');
    expect(await end(sync, run)).toMatchObject({
      status: 'success',
      held: { answer: { decision: 'approved', by: 'somebody in the Temporal UI' } },
    });
    expect(await mail.client.mails()).toHaveLength(1);
  });

  test('an answer that comes before the question counts for nothing', async () => {
    const sync = await events(30, { max_rows_per_run: 20 });
    const client = await installation.session.temporal();
    const handle = await client.workflow.signalWithStart('syncRun', {
      workflowId: runWorkflowId(sync.name),
      taskQueue: installation.session.queues.control,
      args: [{ sync: sync.name, trigger: 'manual' }],
      signal: 'approve',
      signalArgs: ['too early'],
    });
    const run = handle.signaledRunId;
    await untilHeld(installation, run);
    await sleep(500);
    expect((await installation.session.ledger.runs.get(run))?.status).toBe('held');
    await answerHeldRun(installation.session, sync.name, 'rejected', 'a person');
    expect(await end(sync, run)).toMatchObject({ error: { type: 'run_rejected' } });
  });

  test('approval covers what was counted: where more turns up, the run stops', async () => {
    const sync = await events(30, { max_rows_per_run: 20 });
    const run = await held(sync);
    await addEvents(installation.source, sync.table, 30, 5);
    await approve(sync);
    expect(await end(sync, run)).toMatchObject({ status: 'limit_exceeded', counts: { sent: 0 } });
    const next = await held(sync);
    expect(await installation.session.ledger.runs.get(next)).toMatchObject({ held: { rows: 35 } });
    await approve(sync);
    expect(await end(sync, next)).toMatchObject({ status: 'success', counts: { sent: 35 } });
  });

  test('once approved it is not asked again when it continues as new', async () => {
    const rows = 800;
    const sync = await events(rows, { max_rows_per_run: 20, page_size: 20, segment_rows: 20 });
    const run = await held(sync);
    await approve(sync);
    expect(await end(sync, run)).toMatchObject({ status: 'success', counts: { sent: rows } });
    const client = await installation.session.temporal();
    const first = await client.workflow.getHandle(runWorkflowId(sync.name), run).fetchHistory();
    expect(first.events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes).toBeTruthy();
    expect(await mail.client.mails()).toHaveLength(1);
    await expectEvents(installation.braze.client, installation.session, sync.name, rows);
  });

  test('approve and reject say so where nothing is held', async () => {
    const sync = await events(1, {});
    for (const command of ['approve', 'reject']) {
      const answered = await runCli(installation.environment, [command, sync.name]);
      expect(answered).toMatchObject({
        code: 4,
        stderr: `No run of ${sync.name} is held. See \`cdi runs ${sync.name}\`.\n`,
      });
    }
  });
});

describe('deletes', () => {
  async function sync(
    dataType: string,
    columns: Readonly<Record<string, string>>,
    rows: readonly TableRow[],
    more: object = {},
  ): Promise<Sync> {
    number += 1;
    const made = { name: `guard-${number}`, table: `guard_${number}` };
    await createTable(installation.source, made.table, columns, rows);
    await installation.declare({
      ...made,
      data_type: dataType,
      options: { max_deletes_per_run: 5 },
      ...more,
    });
    return made;
  }

  test('of users: held from one above the guard on', async () => {
    const user = (n: number): TableRow => ({ updated_at: instant(n), external_id: `u${n}` });
    const rows = Array.from({ length: 5 }, (_, n) => user(n));
    const users = await sync('user_deletes', DELETE_COLUMNS, rows);
    expect(await runToEnd(installation.session, users.name)).toMatchObject({ status: 'success', held: null });
    await addRows(
      installation.source,
      users.table,
      Array.from({ length: 6 }, (_, n) => user(10 + n)),
    );
    const run = await held(users);
    await approve(users);
    expect(await end(users, run)).toMatchObject({
      status: 'success',
      counts: { sent: 6 },
      held: { rows: 6, deletes: 6 },
    });
  });

  test('of catalog items: upserts do not count, and delivered ones of the same instant do not ask again', async () => {
    await installation.braze.client.putCatalog({
      name: 'shop',
      fields: [
        { name: 'id', type: 'string' },
        { name: 'n', type: 'number' },
      ],
    });
    const item = (n: number, deleted: boolean): TableRow => ({
      updated_at: instant(0),
      id: `i${n}`,
      payload: `{"n":${n}}`,
      deleted,
    });
    const upserts = Array.from({ length: 10 }, (_, n) => item(n, false));
    const catalog = await sync('catalog', CATALOG_COLUMNS, upserts, { catalog: 'shop' });
    expect(await runToEnd(installation.session, catalog.name)).toMatchObject({
      held: null,
      counts: { read: 10 },
    });
    await addRows(
      installation.source,
      catalog.table,
      Array.from({ length: 6 }, (_, n) => item(n, true)),
    );
    const run = await held(catalog);
    // One more than was counted: approval does not cover it.
    await addRows(installation.source, catalog.table, [item(6, true)]);
    await approve(catalog);
    expect(await end(catalog, run)).toMatchObject({
      status: 'limit_exceeded',
      counts: { sent: 0 },
      held: { rows: 6, deletes: 6 },
    });
    const next = await held(catalog);
    await approve(catalog);
    expect(await end(catalog, next)).toMatchObject({ held: { rows: 7, deletes: 7 }, counts: { read: 7 } });
    expect(await runToEnd(installation.session, catalog.name)).toMatchObject({
      status: 'success',
      counts: { read: 0 },
      held: null,
    });
  });
});

test('a table that is read whole cannot be counted first: beyond the guard the run stops before it sends', async () => {
  const sync = await events(0, {});
  await installation.source.query(
    `insert into cdi.${sync.table} select now(), 'u' || n, '{"n":' || n || '}' from generate_series(1, 30) n`,
  );
  const name = `${sync.name}-whole`;
  await installation.source.query(`create view cdi.${sync.table}_view as select * from cdi.${sync.table}`);
  const declared = {
    name,
    table: `${sync.table}_view`,
    data_type: 'attributes',
    full_refresh: true,
  };
  await installation.declare({ ...declared, options: { max_rows_per_run: 20 } });
  expect(await runToEnd(installation.session, name)).toMatchObject({ status: 'limit_exceeded', held: null });
  expect(await installation.braze.client.record()).toEqual([]);
  await installation.declare({ ...declared, options: { max_rows_per_run: 30 } });
  expect(await runToEnd(installation.session, name)).toMatchObject({
    status: 'success',
    counts: { sent: 30 },
  });
  expect(await runToEnd(installation.session, name)).toMatchObject({
    status: 'success',
    counts: { read: 0 },
  });
});

test('being held survives a restart of the Temporal server', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cdi-guard-'));
  const options = {
    cli: inject('temporalCli'),
    dbFile: join(folder, 'temporal.db'),
    ip: LOCALHOST,
    port: await claimPort(0, ''),
    uiPort: await claimPort(0, ''),
    namespace: 'default',
    log: join(folder, 'temporal.log'),
    say: () => undefined,
  };
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => rm(folder, { recursive: true, force: true }));
  let temporal = await startTemporalServer(options);
  cleanup.defer(() => temporal.stop());
  const own = await install('guard_restart', {
    servers: { postgresUrl: inject('postgresUrl'), temporalAddress: temporal.address },
  });
  cleanup.defer(() => own[Symbol.asyncDispose]());
  await own.startWorker();
  await createEvents(own.source, 'restarted', 30);
  await own.declare({
    name: 'restarted',
    table: 'restarted',
    data_type: 'events',
    options: { max_rows_per_run: 20 },
  });
  const run = await startRun(own.session, 'restarted');
  await untilHeld(own, run);
  await temporal.stop();
  temporal = await startTemporalServer(options);
  expect(await own.session.ledger.runs.get(run)).toMatchObject({ status: 'held' });
  await answerHeldRun(own.session, 'restarted', 'approved', 'a person');
  expect(await endOfRun(own.session, 'restarted', run)).toMatchObject({
    status: 'success',
    counts: { sent: 30 },
  });
});
