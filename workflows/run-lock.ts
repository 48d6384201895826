import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';
import { runWorkflowId } from '../model/names.ts';

/** The id is the lock: a run under any other id could meet one under the right one. */
export function requireOwnId(sync: string): void {
  if (workflowInfo().workflowId === runWorkflowId(sync)) return;
  throw ApplicationFailure.nonRetryable(
    `A run of ${sync} must have the workflow id ${runWorkflowId(sync)}.`,
    'invalid_definition',
  );
}
