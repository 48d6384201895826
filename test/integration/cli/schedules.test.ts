/** Schedules from end to end: the command line, Temporal, the ledger, and what keeps the three together. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ScheduleHandle } from '@temporalio/client';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { restoreAllSchedules } from '../../../client/commands/apply-schedule.ts';
import { MAINTENANCE_SCHEDULE_ID, runWorkflowId, scheduleId } from '../../../model/names.ts';
import type { maintenance } from '../../../workflows/index.ts';
import { type CliResult, jsonOf, runCli, writeDefinitions } from '../../support/cli-process.ts';
import { createEvents } from '../../support/event-table.ts';
import { type Installation, install } from '../../support/installation.ts';
import { aDate, textLike } from '../../support/matching.ts';

const NAMES = ['cs-one', 'cs-two'];
const UNTESTED = 'Waiting for its connection test: cdi test';

let installation: Installation;
let folder: string;

const cli = (...args: string[]): Promise<CliResult> => runCli(installation.environment, args);
const ledger = (): Installation['session']['ledger'] => installation.session.ledger;

async function handleOf(name: string): Promise<ScheduleHandle> {
  return (await installation.session.temporal()).schedule.getHandle(scheduleId(name));
}

/** Lets the schedule fire now. @returns what its `scheduledSync` came to */
async function tick(name: string): Promise<unknown> {
  const handle = await handleOf(name);
  const fired = async (): Promise<string[]> =>
    (await handle.describe()).info.recentActions.flatMap(({ action }) =>
      action.type === 'startWorkflow' ? [action.workflow.workflowId] : [],
    );
  const before = await fired();
  await handle.trigger('ALLOW_ALL');
  let started: string | undefined;
  await expect
    .poll(async () => (started = (await fired()).find((id) => !before.includes(id))), { timeout: 10_000 })
    .toBeDefined();
  expect(started).toMatch(new RegExp(`^tick/${name}-`));
  return (await installation.session.temporal()).workflow.getHandle(started ?? '').result();
}

let maintained = 0;
async function maintain(): Promise<Awaited<ReturnType<typeof maintenance>>> {
  const client = await installation.session.temporal();
  maintained += 1;
  return client.workflow.execute<typeof maintenance>('maintenance', {
    workflowId: `${installation.environment['CDI_QUEUE_PREFIX']}/maintenance-${maintained}`,
    taskQueue: installation.session.queues.control,
  });
}

beforeAll(async () => {
  installation = await install('clisched');
  folder = await mkdtemp(join(tmpdir(), 'cdi-schedules-'));
  const worker = installation.startWorker();
  for (const name of NAMES) {
    const table = name.replace('-', '_');
    await createEvents(installation.source, table, 20);
    await writeDefinitions(folder, {
      [`${name}.yaml`]: {
        kind: 'sync',
        name,
        workspace: 'main',
        credential: 'source',
        source: { schema: 'cdi', table },
        data_type: 'events',
        // So seldom that no tick falls into the test.
        schedule: { every: '1 month' },
        notifications: { contacts: ['team@example.com'] },
        options: { safety_lag: '0s' },
      },
    });
  }
  await worker;
});

afterAll(async () => {
  for (const name of NAMES) await (await handleOf(name)).delete().catch(() => undefined);
  await rm(folder, { recursive: true, force: true });
  await installation[Symbol.asyncDispose]();
});

beforeEach(() => installation.braze.client.reset());

test('a new sync stays paused until its test has passed; then its schedule runs', async () => {
  expect(await cli('apply', folder, '--no-test')).toMatchObject({ code: 0, stderr: '' });
  for (const name of NAMES) {
    expect((await (await handleOf(name)).describe()).state).toMatchObject({ paused: true, note: UNTESTED });
    expect(await ledger().definitions.sync(name)).toMatchObject({ paused: true, testedAt: null });
  }
  const [refused, status] = await Promise.all([cli('resume', 'cs-one'), cli('status', '--json')]);
  expect(refused).toEqual({
    code: 1,
    stdout: '',
    stderr: 'cs-one has not passed its connection test. Run `cdi test cs-one`.\n',
  });
  expect(jsonOf(status)).toMatchObject([
    { sync: 'cs-one', state: 'untested', paused: true, nextRun: null, lastRun: null },
    { sync: 'cs-two', state: 'untested' },
  ]);

  const tested = await cli('test', 'cs-one');
  expect(tested.code).toBe(0);
  expect(tested.stdout).toContain('cs-one: connection test passed. Its schedule runs from now on.\n');
  const { state, info } = await (await handleOf('cs-one')).describe();
  expect(state.paused).toBe(false);
  expect(info.nextActionTimes[0]).toBeInstanceOf(Date);
  expect((await (await handleOf('cs-two')).describe()).state.paused).toBe(true);
});

test('an operator who pauses an untested sync keeps it paused through its test', async () => {
  expect((await cli('pause', 'cs-two', '--note', 'until the release')).code).toBe(0);
  const tested = await cli('test', 'cs-two');
  expect(tested.stdout).toMatch(/cs-two: connection test passed\.\n$/);
  expect((await (await handleOf('cs-two')).describe()).state).toMatchObject({
    paused: true,
    note: 'until the release',
  });
});

test('a tick of the schedule is a run with the trigger `schedule`', async () => {
  expect(await tick('cs-one')).toMatchObject({ sync: 'cs-one', status: 'success', counts: { sent: 20 } });
  const [run, ...others] = await ledger().runs.ofSync('cs-one', 10);
  expect(run).toMatchObject({ trigger: 'schedule', status: 'success' });
  expect(others).toEqual([]);
  expect((await cli('runs', 'cs-one')).stdout).toMatch(/ schedule +success /);
});

test('a run by hand leaves the schedule as it is', async () => {
  const handle = await handleOf('cs-one');
  const before = await handle.describe();
  const { code, stdout } = await cli('run', 'cs-one');
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: textLike(/^cs-one: success, 0 rows read/),
  });
  const after = await handle.describe();
  expect(after.info.nextActionTimes[0]).toEqual(before.info.nextActionTimes[0]);
  expect(after.info.numActionsTaken).toBe(before.info.numActionsTaken);
  expect(after.info.recentActions).toEqual(before.info.recentActions);
  expect(after.state).toEqual(before.state);
});

test('a tick that meets a run ends as skipped, and the run goes on', async () => {
  await createEvents(installation.source, 'more', 10);
  await installation.source.query(
    `insert into cdi.cs_one select updated_at + interval '1 day', external_id, payload from cdi.more`,
  );
  await installation.braze.client.setLatency({ ms: 3_000 });
  const { run } = jsonOf<{ run: string }>(await cli('run', 'cs-one', '--no-wait', '--json'));
  expect(await tick('cs-one')).toEqual({
    outcome: 'skipped',
    reason: 'A run of this sync is under way.',
  });
  const client = await installation.session.temporal();
  expect(await client.workflow.getHandle(runWorkflowId('cs-one'), run).result()).toMatchObject({
    status: 'success',
    counts: { sent: 10 },
  });
});

test('pause and resume are seen in Temporal and in the ledger, and an apply keeps them', async () => {
  const handle = await handleOf('cs-one');
  expect(await cli('pause', 'cs-one', '--note', 'on holiday')).toEqual({
    code: 0,
    stdout: 'cs-one: paused. A run under way goes on.\n',
    stderr: '',
  });
  expect((await handle.describe()).state).toMatchObject({ paused: true, note: 'on holiday' });
  expect(await ledger().definitions.sync('cs-one')).toMatchObject({ paused: true, pauseNote: 'on holiday' });

  const file = join(folder, 'cs-one.yaml');
  const [applied, status, shown] = await Promise.all([
    cli('apply', folder),
    cli('status'),
    cli('show', 'cs-one', '--json'),
  ]);
  expect(applied).toMatchObject({ code: 0, stdout: textLike(/= schedule cs-one: unchanged/) });
  expect(status.stdout).toMatch(/^cs-one +paused .* –$/m);
  expect(jsonOf(shown)).toMatchObject({ state: 'paused', pause_note: 'on holiday', next_run: null });
  const { definition } = await ledger().definitions.sync('cs-one');
  await writeFile(file, JSON.stringify({ ...definition, schedule: { every: '1 week' } }));
  expect(await cli('apply', folder)).toMatchObject({
    code: 0,
    stdout: textLike(/~ schedule cs-one: update/),
  });
  expect((await handle.describe()).state).toMatchObject({ paused: true, note: 'on holiday' });

  const resumed = await cli('resume', 'cs-one', '--json');
  expect(resumed).toEqual({ code: 0, stdout: '{"sync":"cs-one","paused":false}\n', stderr: '' });
  expect((await handle.describe()).state.paused).toBe(false);
  expect((await ledger().definitions.sync('cs-one')).paused).toBe(false);
});

test('schedules that Temporal lost are made again from the ledger, with their pauses', async () => {
  for (const name of NAMES) await (await handleOf(name)).delete();
  expect(await restoreAllSchedules(installation.session)).toBe(2);
  expect((await (await handleOf('cs-one')).describe()).state.paused).toBe(false);
  expect((await (await handleOf('cs-two')).describe()).state).toMatchObject({
    paused: true,
    note: 'until the release',
  });
  const { schedule } = await installation.session.temporal();
  expect((await schedule.getHandle(MAINTENANCE_SCHEDULE_ID).describe()).action).toMatchObject({
    workflowType: 'maintenance',
  });
  expect(await restoreAllSchedules(installation.session)).toBe(0);
});

describe('maintenance', () => {
  // Here it is started by hand.
  const ownTicks = async (): Promise<ScheduleHandle> =>
    (await installation.session.temporal()).schedule.getHandle(MAINTENANCE_SCHEDULE_ID);
  beforeAll(async () => (await ownTicks()).pause());
  afterAll(async () => (await ownTicks()).unpause());

  test('mirrors a pause that was made in Temporal', async () => {
    const handle = await handleOf('cs-one');
    for (const paused of [true, false]) {
      if (paused) await handle.pause('from the UI');
      else await handle.unpause('from the UI');
      // Temporal lists schedules from its index, which follows a moment later.
      await expect
        .poll(
          async () => {
            await maintain();
            const sync = await ledger().definitions.sync('cs-one');
            return { paused: sync.paused, note: sync.pauseNote };
          },
          { timeout: 15_000 },
        )
        .toEqual({ paused, note: 'from the UI' });
    }
  });

  test('closes a run that was terminated and removes what it staged', async () => {
    await installation.source.query(
      `insert into cdi.cs_one select updated_at + interval '2 days', external_id, payload from cdi.more`,
    );
    await installation.braze.client.setLatency({ ms: 60_000 });
    const waiting = cli('run', 'cs-one');
    let run = '';
    await expect
      .poll(
        async () => {
          const [open] = await ledger().runs.unfinished('cs-one');
          run = open?.id ?? '';
          return open?.counts.read;
        },
        { timeout: 15_000 },
      )
      .toBe(10);
    const staged = (): Promise<string[]> =>
      readdir(join(installation.stagingFolder, 'cs-one', run)).catch(() => []);
    await expect.poll(staged, { timeout: 10_000 }).not.toEqual([]);
    const client = await installation.session.temporal();
    await client.workflow.getHandle(runWorkflowId('cs-one')).terminate('by an operator');
    expect(await waiting).toMatchObject({
      code: 1,
      stderr: 'The run was terminated; the ledger will close it within a minute.\n',
    });

    expect((await maintain()).closed).toEqual([]);
    const database = new pg.Client({ connectionString: installation.environment['CDI_LEDGER_URL'] });
    await database.connect();
    await database
      .query(`update runs set started_at = started_at - interval '1 minute' where id = $1`, [run])
      .finally(() => database.end());
    // What a dead run staged after it was closed is an orphan, but not before an hour.
    await mkdir(join(installation.stagingFolder, 'cs-one', 'orphan'), { recursive: true });
    expect((await maintain()).closed).toEqual([{ sync: 'cs-one', run }]);
    expect(await ledger().runs.get(run)).toMatchObject({
      status: 'cancelled',
      error: { type: 'ended_outside' },
      finishedAt: aDate,
    });
    expect(await staged()).toEqual([]);
    expect(await readdir(join(installation.stagingFolder, 'cs-one'))).toEqual(['orphan']);
    expect((await maintain()).closed).toEqual([]);
  });
});
