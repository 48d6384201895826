/** What a schedule starts: a run under the sync's fixed id, unless one is under way. */
import { ParentClosePolicy, executeChild } from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { runWorkflowId } from '../model/names.ts';
import type { RunReport } from './close-run.ts';
import { syncRun } from './sync-run.ts';

export interface SkippedTick {
  readonly outcome: 'skipped';
  readonly reason: string;
}

export async function scheduledSync(sync: string): Promise<RunReport | SkippedTick> {
  try {
    return await executeChild(syncRun, {
      workflowId: runWorkflowId(sync),
      args: [{ sync, trigger: 'schedule' }],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: `${sync}, by its schedule`,
    });
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) {
      return { outcome: 'skipped', reason: 'A run of this sync is under way.' };
    }
    throw error;
  }
}
