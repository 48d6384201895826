import { Context } from '@temporalio/activity';
import { CdiError } from '../model/errors.ts';
import type { EpochHolder } from '../store/epoch.ts';

/** The Temporal run id of the workflow that called this activity. */
export function workflowRunId(): string {
  const runId = Context.current().info.workflowExecution?.runId;
  if (runId === undefined) throw new CdiError('internal', 'This activity belongs to a workflow.');
  return runId;
}

/** The caller as holder of an epoch; whether it still holds it, the ledger decides. */
export function epochHolder(sync: string, epoch: number): EpochHolder {
  return { sync, epoch, workflowRunId: workflowRunId() };
}
