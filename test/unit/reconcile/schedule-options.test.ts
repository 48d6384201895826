import { expect, it } from 'vitest';
import {
  maintenanceScheduleOptions,
  scheduleOptions,
  type DesiredSchedule,
} from '../../../client/reconcile/schedule-options.ts';
import { syncSchema } from '../../../model/definitions.ts';

function options(changes: object = {}): DesiredSchedule {
  const sync = syncSchema.parse({
    kind: 'sync',
    name: 'users',
    description: 'People of the shop',
    workspace: 'demo',
    credential: 'warehouse',
    source: { schema: 'cdi', table: 'users' },
    data_type: 'attributes',
    schedule: { every: '15m' },
    notifications: { contacts: ['data@example.com'] },
    ...changes,
  });
  const made = scheduleOptions(sync, 'cdi-control');
  if (!made) throw new Error('expected a schedule');
  return made;
}

it('starts scheduledSync with the name of the sync and nothing else', () => {
  expect(options()).toMatchObject({
    scheduleId: 'sync/users',
    spec: { intervals: [{ every: 900_000 }], timezone: 'UTC' },
    policies: { overlap: 'ALLOW_ALL', catchupWindow: 900_000 },
    action: {
      type: 'startWorkflow',
      workflowType: 'scheduledSync',
      workflowId: 'tick/users',
      taskQueue: 'cdi-control',
      args: ['users'],
      staticSummary: 'users: cdi.users to demo (attributes)',
      staticDetails: 'People of the shop',
    },
  });
});

it('leaves pauseOnFailure and the state to the operator', () => {
  expect(options().policies).not.toHaveProperty('pauseOnFailure');
  expect(options()).not.toHaveProperty('state');
});

it('has no workflow-level retry, which could deadlock a schedule', () => {
  expect(options().action).not.toHaveProperty('retry');
});

it('marks schedules and ticks with the search attributes of their sync', () => {
  const values = (made: DesiredSchedule['typedSearchAttributes']): unknown =>
    Array.isArray(made) ? made.map(({ key, value }) => [key.name, value]) : made;
  const own = [
    ['SyncName', 'users'],
    ['SyncDataType', 'attributes'],
  ];
  expect(values(options().typedSearchAttributes)).toEqual(own);
  expect(values(options().action.typedSearchAttributes)).toEqual([...own, ['SyncTrigger', 'schedule']]);
});

it('hashes what Temporal holds, and only that', () => {
  const hash = (changes?: object): string => options(changes).action.memo.specHash;
  expect(hash()).toBe(hash());
  expect(hash({ options: { rate_share: 0.1 }, notifications: { contacts: ['b@example.com'] } })).toBe(hash());
  const different = [
    { schedule: { every: '30m' } },
    { schedule: { cron: '*/15 * * * *' } },
    { schedule: { cron: '0 6 * * *', time_zone: 'Europe/Paris' } },
    { schedule: { cron: '0 6 * * *' } },
    { description: 'Others' },
    { source: { schema: 'cdi', table: 'people' } },
    { workspace: 'second' },
  ].map((changes) => hash(changes));
  expect(new Set([hash(), ...different]).size).toBe(different.length + 1);
});

it('keeps contacts and secrets out of Temporal', () => {
  expect(JSON.stringify(options())).not.toContain('data@example.com');
});

it('has none for a manual sync', () => {
  const manual = { schedule: 'manual' };
  expect(() => options(manual)).toThrow('expected a schedule');
});

it('runs maintenance every minute, one at a time', () => {
  expect(maintenanceScheduleOptions('cdi-control')).toMatchObject({
    scheduleId: 'cdi/maintenance',
    spec: { intervals: [{ every: '1 minute' }] },
    policies: { overlap: 'SKIP', catchupWindow: '1 minute' },
    action: { workflowType: 'maintenance', taskQueue: 'cdi-control', args: [] },
  });
});
