import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameSchema } from '../../../model/common-fields.ts';
import {
  APPROVE_SIGNAL,
  MAINTENANCE_SCHEDULE_ID,
  REJECT_SIGNAL,
  SEARCH_ATTRIBUTES,
  queuePrefix,
  runWorkflowId,
  scheduleId,
  taskQueues,
  tickWorkflowId,
} from '../../../model/names.ts';

describe('task queues', () => {
  it('are one per resource, and tell their prefix again', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,40}$/), (prefix) => {
        const queues = taskQueues(prefix);
        expect(new Set(Object.values(queues)).size).toBe(3);
        expect(queuePrefix(queues.control)).toBe(prefix);
      }),
    );
    expect(queuePrefix(taskQueues('my-control-room').control)).toBe('my-control-room');
  });
});

// Installations that run hold these names in Temporal: another spelling would lose their schedules and their locks.
describe('names in Temporal stay as they are', () => {
  it('for queues', () => {
    expect(taskQueues('cdi')).toEqual({
      control: 'cdi-control',
      warehouse: 'cdi-warehouse',
      braze: 'cdi-braze',
    });
  });

  it('for ids', () => {
    expect([runWorkflowId('a'), scheduleId('a'), tickWorkflowId('a'), MAINTENANCE_SCHEDULE_ID]).toEqual([
      'sync/a',
      'sync/a',
      'tick/a',
      'cdi/maintenance',
    ]);
  });

  it('for signals', () => {
    expect([APPROVE_SIGNAL, REJECT_SIGNAL]).toEqual(['approve', 'reject']);
  });

  it('for search attributes', () => {
    expect(SEARCH_ATTRIBUTES).toEqual({
      SyncName: 'Keyword',
      SyncDataType: 'Keyword',
      SyncTrigger: 'Keyword',
      SyncOutcome: 'Keyword',
      RowsRejected: 'Int',
    });
  });
});

it('no two syncs share an id, and none takes the one of the maintenance', () => {
  const name = fc
    .stringMatching(/^[a-z0-9][a-z0-9_-]{0,62}$/)
    .filter((text) => nameSchema.safeParse(text).success);
  fc.assert(
    fc.property(name, name, (one, other) => {
      for (const id of [runWorkflowId, scheduleId, tickWorkflowId]) {
        expect(id(one) === id(other)).toBe(one === other);
        expect(id(one)).not.toBe(MAINTENANCE_SCHEDULE_ID);
      }
    }),
  );
});
