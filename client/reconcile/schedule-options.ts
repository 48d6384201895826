/** Derives the Temporal schedule of a sync from its definition. Temporal holds nothing that cannot be derived again. */
import { createHash } from 'node:crypto';
import type { ScheduleOptions } from '@temporalio/client';
import { defineSearchAttributeKey, type SearchAttributePair } from '@temporalio/common';
import type { SyncDefinition } from '../../model/definitions.ts';
import { MAINTENANCE_SCHEDULE_ID, scheduleId, tickWorkflowId } from '../../model/names.ts';
import { compileSchedule } from '../../model/schedule.ts';

/** A schedule as it should be, with the hash of it in `action.memo.specHash`. */
export type DesiredSchedule = ScheduleOptions & {
  readonly action: { readonly memo: { readonly specHash: string } };
};

const SYNC_NAME = defineSearchAttributeKey('SyncName', 'KEYWORD');
const SYNC_DATA_TYPE = defineSearchAttributeKey('SyncDataType', 'KEYWORD');
const SYNC_TRIGGER = defineSearchAttributeKey('SyncTrigger', 'KEYWORD');

/**
 * @param sync the definition
 * @param controlQueue task queue of the workflows
 * @returns null for a sync that runs only by hand
 */
export function scheduleOptions(sync: SyncDefinition, controlQueue: string): DesiredSchedule | null {
  const compiled = compileSchedule(sync.schedule);
  if (!compiled) return null;
  const { catchupWindowMs, ...spec } = compiled;
  const attributes: SearchAttributePair[] = [
    { key: SYNC_NAME, value: sync.name },
    { key: SYNC_DATA_TYPE, value: sync.data_type },
  ];
  return withHash({
    scheduleId: scheduleId(sync.name),
    spec,
    // Every tick starts a `scheduledSync`; whether it meets a running run is decided by the fixed id of `syncRun`.
    policies: { overlap: 'ALLOW_ALL', catchupWindow: catchupWindowMs },
    action: {
      type: 'startWorkflow',
      workflowType: 'scheduledSync',
      workflowId: tickWorkflowId(sync.name),
      taskQueue: controlQueue,
      args: [sync.name],
      staticSummary: `${sync.name}: ${sync.source.schema}.${sync.source.table} to ${sync.workspace} (${sync.data_type})`,
      ...(sync.description === undefined ? {} : { staticDetails: sync.description }),
      typedSearchAttributes: [...attributes, { key: SYNC_TRIGGER, value: 'schedule' }],
    },
    typedSearchAttributes: attributes,
  });
}

/** The schedule that closes runs which ended outside, mirrors pauses and sweeps what has expired. */
export function maintenanceScheduleOptions(controlQueue: string): DesiredSchedule {
  return withHash({
    scheduleId: MAINTENANCE_SCHEDULE_ID,
    spec: { intervals: [{ every: '1 minute' }] },
    policies: { overlap: 'SKIP', catchupWindow: '1 minute' },
    action: {
      type: 'startWorkflow',
      workflowType: 'maintenance',
      workflowId: MAINTENANCE_SCHEDULE_ID,
      taskQueue: controlQueue,
      args: [],
      staticSummary: 'closes runs that ended outside, mirrors pauses, sweeps what has expired',
    },
  });
}

function withHash(options: ScheduleOptions): DesiredSchedule {
  const specHash = createHash('sha256').update(JSON.stringify(options)).digest('hex');
  return { ...options, action: { ...options.action, memo: { specHash } } };
}
