/** Names that several processes must agree on: task queues, workflow ids, search attributes. */

/** One queue per resource, so that a busy warehouse or a slow Braze never blocks the rest. */
export interface TaskQueues {
  /** Workflows, and the short activities that touch only the ledger and mail. */
  readonly control: string;
  readonly warehouse: string;
  readonly braze: string;
}

export const DEFAULT_QUEUE_PREFIX = 'cdi';

/** @param prefix set apart installations that share a namespace. */
export function taskQueues(prefix: string): TaskQueues {
  return { control: `${prefix}-control`, warehouse: `${prefix}-warehouse`, braze: `${prefix}-braze` };
}

/** Under this name Temporal's worker versioning knows the workers of an installation. */
export const deploymentName = (prefix: string): string => prefix;

/** The prefix back from the name of the control queue, on which every workflow runs. */
export function queuePrefix(controlQueue: string): string {
  return controlQueue.replace(/-control$/, '');
}

/** The id under which a sync's only open run lives: the id is the lock. */
export const runWorkflowId = (sync: string): string => `sync/${sync}`;
/** The sync back from the id of its run, or of its tick; undefined for other workflows. */
export const syncOfWorkflow = (workflowId: string | undefined): string | undefined =>
  /^(?:sync|tick)\/([a-z0-9_-]+?)(?:-\d{4}-\d{2}-\d{2}T[\d:]+Z)?$/.exec(workflowId ?? '')?.[1];
/** Id of a sync's schedule; Temporal appends the tick's time for each `scheduledSync`. */
export const scheduleId = (sync: string): string => `sync/${sync}`;
export const tickWorkflowId = (sync: string): string => `tick/${sync}`;
/** Signals to a run that is held; their one argument, if any, says who sends them. */
export const APPROVE_SIGNAL = 'approve';
export const REJECT_SIGNAL = 'reject';
export const MAINTENANCE_SCHEDULE_ID = 'cdi/maintenance';

/** Search attributes and their types, registered before the first use. */
export const SEARCH_ATTRIBUTES = {
  SyncName: 'Keyword',
  SyncDataType: 'Keyword',
  SyncTrigger: 'Keyword',
  SyncOutcome: 'Keyword',
  RowsRejected: 'Int',
} as const;
