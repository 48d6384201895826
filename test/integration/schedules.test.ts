import { Client, Connection, type ScheduleHandle } from '@temporalio/client';
import { type SearchAttributePair, TypedSearchAttributes } from '@temporalio/common';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  type DesiredSchedule,
  maintenanceScheduleOptions,
  scheduleOptions,
} from '../../client/reconcile/schedule-options.ts';
import { readScheduleHashes, reconcileSchedule, removeSchedule } from '../../client/reconcile/schedules.ts';
import { type SyncDefinition, syncSchema } from '../../model/definitions.ts';

// Nothing polls this queue, so a tick starts nothing that has to be cleaned up.
const QUEUE = `schedules-${randomUUID()}`;

let connection: Connection;
let client: Client;
const made = new Set<string>();

beforeAll(async () => {
  connection = await Connection.connect({ address: inject('temporalAddress') });
  client = new Client({ connection });
});
afterAll(async () => {
  for (const id of made) await removeSchedule(client.schedule, id);
  await connection.close();
});

function sync(changes: object = {}): SyncDefinition {
  return syncSchema.parse({
    kind: 'sync',
    name: `schedules-${randomUUID()}`,
    workspace: 'demo',
    credential: 'warehouse',
    source: { schema: 'cdi', table: 'users' },
    data_type: 'attributes',
    schedule: { every: '1h' },
    notifications: { contacts: ['data@example.com'] },
    ...changes,
  });
}

function desired(definition: SyncDefinition): DesiredSchedule {
  const options = scheduleOptions(definition, QUEUE);
  if (!options) throw new Error('expected a schedule');
  made.add(options.scheduleId);
  return options;
}

function valuesOf(
  attributes: TypedSearchAttributes | SearchAttributePair[] | undefined,
): Record<string, unknown> {
  const pairs = attributes instanceof TypedSearchAttributes ? attributes.getAll() : (attributes ?? []);
  return Object.fromEntries(pairs.map(({ key, value }) => [key.name, value]));
}

const handleOf = ({ scheduleId }: DesiredSchedule): ScheduleHandle => client.schedule.getHandle(scheduleId);

describe('reconcileSchedule', () => {
  it('creates, leaves alone, and updates where the hash differs', async () => {
    const before = sync();
    expect(await reconcileSchedule(client.schedule, desired(before))).toEqual({
      outcome: 'created',
      paused: false,
    });
    expect(await reconcileSchedule(client.schedule, desired(before))).toEqual({
      outcome: 'unchanged',
      paused: false,
    });

    const after = desired({
      ...before,
      schedule: { every: '2h', time_zone: 'UTC', allow_short_intervals: false },
    });
    expect(await reconcileSchedule(client.schedule, after)).toEqual({ outcome: 'updated', paused: false });
    expect(await reconcileSchedule(client.schedule, after)).toMatchObject({ outcome: 'unchanged' });
    const { spec, policies, action } = await handleOf(after).describe();
    expect(spec.intervals).toMatchObject([{ every: 7_200_000 }]);
    expect(policies).toMatchObject({ overlap: 'ALLOW_ALL', catchupWindow: 7_200_000 });
    expect(action).toMatchObject({
      workflowType: 'scheduledSync',
      workflowId: `tick/${before.name}`,
      taskQueue: QUEUE,
      args: [before.name],
      memo: after.action.memo,
    });
  });

  it('makes a new schedule paused where asked, and never pauses one that exists', async () => {
    const schedule = desired(sync());
    const pausedNote = 'Waiting for its connection test';
    expect(await reconcileSchedule(client.schedule, schedule, { pausedNote })).toEqual({
      outcome: 'created',
      paused: true,
      note: pausedNote,
    });
    await handleOf(schedule).unpause('Passed');
    expect(await reconcileSchedule(client.schedule, schedule, { pausedNote })).toMatchObject({
      paused: false,
    });
    const { state } = await handleOf(schedule).describe();
    expect(state.paused).toBe(false);
  });

  it("keeps an operator's pause, note and policies through an update", async () => {
    const before = sync();
    const schedule = desired(before);
    await reconcileSchedule(client.schedule, schedule);
    await handleOf(schedule).update((previous) => ({
      ...previous,
      policies: { ...previous.policies, pauseOnFailure: true },
    }));
    // The server takes a pause before an update that it has not yet looked at, and that update would undo it.
    await handleOf(schedule).describe();
    await handleOf(schedule).pause('Table is being rebuilt');

    const after = desired({ ...before, description: 'People' });
    expect(await reconcileSchedule(client.schedule, after)).toEqual({
      outcome: 'updated',
      paused: true,
      note: 'Table is being rebuilt',
    });
    const { state, policies } = await handleOf(schedule).describe();
    expect(state).toMatchObject({ paused: true, note: 'Table is being rebuilt' });
    expect(policies.pauseOnFailure).toBe(true);
  });

  it('carries search attributes of schedule and ticks', async () => {
    const definition = sync();
    const schedule = desired(definition);
    await reconcileSchedule(client.schedule, schedule);
    const { typedSearchAttributes, action } = await handleOf(schedule).describe();
    const own = { SyncName: definition.name, SyncDataType: 'attributes' };
    expect(valuesOf(typedSearchAttributes)).toMatchObject(own);
    expect(valuesOf(action.typedSearchAttributes)).toEqual({ ...own, SyncTrigger: 'schedule' });
  });

  it('makes the maintenance schedule', async () => {
    const schedule = { ...maintenanceScheduleOptions(QUEUE), scheduleId: `maintenance-${randomUUID()}` };
    made.add(schedule.scheduleId);
    expect(await reconcileSchedule(client.schedule, schedule)).toMatchObject({ outcome: 'created' });
    expect(await reconcileSchedule(client.schedule, schedule)).toMatchObject({ outcome: 'unchanged' });
    const { policies, spec } = await client.schedule.getHandle(schedule.scheduleId).describe();
    expect(policies).toMatchObject({ overlap: 'SKIP', catchupWindow: 60_000 });
    expect(spec.intervals).toMatchObject([{ every: 60_000 }]);
  });
});

describe('what Temporal makes of a schedule', () => {
  const MONTHLY = 86_400_000 * 31;

  it.each([
    [{ every: '15m' }, (time: Date) => time.getUTCMinutes() % 15 === 0],
    [{ every: '1 week' }, (time: Date) => time.getUTCDay() === 1 && time.getUTCHours() === 0],
    [{ every: '1 month' }, (time: Date) => time.getUTCDate() === 1 && time.getUTCHours() === 0],
    [{ cron: '30 6 * * 7' }, (time: Date) => time.getUTCDay() === 0 && time.getUTCHours() === 6],
    [
      { cron: '0 */6 * * mon-fri' },
      (time: Date) => time.getUTCDay() % 6 !== 0 && time.getUTCHours() % 6 === 0,
    ],
    [{ cron: '0 12 1-31/15 * *' }, (time: Date) => [1, 16, 31].includes(time.getUTCDate())],
    [{ cron: '0 9 * * *', time_zone: 'Asia/Tokyo' }, (time: Date) => time.getUTCHours() === 0],
    [
      { cron: '0 9 * * *', time_zone: 'Asia/Kolkata' },
      (time: Date) => time.getUTCHours() === 3 && time.getUTCMinutes() === 30,
    ],
  ])('%o fires at the times it names', async (schedule, matches) => {
    const options = desired(sync({ schedule }));
    await reconcileSchedule(client.schedule, options, { pausedNote: 'only looked at' });
    const { info } = await handleOf(options).describe();
    expect(info.nextActionTimes.length).toBeGreaterThan(3);
    expect(info.nextActionTimes.filter((time) => !matches(time))).toEqual([]);
    const gaps = info.nextActionTimes
      .slice(1)
      .map((time, index) => time.getTime() - (info.nextActionTimes[index]?.getTime() ?? 0));
    const window = Number(options.policies?.catchupWindow);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(window);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(MONTHLY);
  });
});

describe('removeSchedule and readScheduleHashes', () => {
  it('tell what there is and what there is not', async () => {
    const [one, other] = [desired(sync()), desired(sync())];
    await reconcileSchedule(client.schedule, one);
    const ids = [one.scheduleId, other.scheduleId];
    expect(await readScheduleHashes(client.schedule, ids)).toEqual(
      new Map([[one.scheduleId, one.action.memo.specHash]]),
    );
    expect(await removeSchedule(client.schedule, one.scheduleId)).toBe(true);
    expect(await removeSchedule(client.schedule, one.scheduleId)).toBe(false);
    expect(await readScheduleHashes(client.schedule, ids)).toEqual(new Map());
  });
});
