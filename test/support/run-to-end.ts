/** Starts runs and waits for them, however they end. */
import { WorkflowFailedError } from '@temporalio/client';
import type { Session } from '../../client/session.ts';
import { runWorkflowId } from '../../model/names.ts';
import type { RunRecord } from '../../store/runs.ts';
import type { syncRun } from '../../workflows/index.ts';

/**
 * @param taskQueue whose workers take it
 * @returns the run's id
 */
export async function startRun(
  session: Session,
  sync: string,
  taskQueue = session.queues.control,
): Promise<string> {
  const client = await session.temporal();
  const handle = await client.workflow.start<typeof syncRun>('syncRun', {
    workflowId: runWorkflowId(sync),
    workflowIdConflictPolicy: 'FAIL',
    taskQueue,
    args: [{ sync, trigger: 'manual' }],
  });
  return handle.firstExecutionRunId;
}

/** What the newest run of a sync came to; rejects where its workflow failed. */
export async function resultOfRun(session: Session, sync: string): Promise<unknown> {
  const client = await session.temporal();
  return client.workflow.getHandle(runWorkflowId(sync)).result();
}

/** Waits until a run has ended and its notification is out. */
export async function endOfRun(session: Session, sync: string, run: string): Promise<RunRecord> {
  const client = await session.temporal();
  await client.workflow
    .getHandle(runWorkflowId(sync), run)
    .result()
    .catch((error: unknown) => {
      if (!(error instanceof WorkflowFailedError)) throw error;
    });
  const record = await session.ledger.runs.get(run);
  if (!record) throw new Error(`The run ${run} of ${sync} is not in the ledger.`);
  return record;
}

export async function runToEnd(session: Session, sync: string): Promise<RunRecord> {
  return endOfRun(session, sync, await startRun(session, sync));
}

/** What the Temporal UI shows as the current details of a run. */
export async function currentDetails(session: Session, sync: string, run: string): Promise<string> {
  const client = await session.temporal();
  const { currentDetails: details } = await client.workflow
    .getHandle(runWorkflowId(sync), run)
    .query<{ currentDetails?: string }>('__temporal_workflow_metadata');
  return details ?? '';
}
