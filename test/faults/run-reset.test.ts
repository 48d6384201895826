/** A run is reset from the Temporal side, while it runs and after its end, to where it had just read its watermark. */
import { expect } from 'vitest';
import { runWorkflowId } from '../../model/names.ts';
import { faultTest } from './fault-test.ts';
import type { Scene } from './scene.ts';

faultTest('run reset while it runs', async (scene) => {
  await scene.startWorker();
  const run = await scene.start();
  await scene.untilArrived(scene.drawArrivals(0.05));
  await resetToFirstStep(scene, run);
  await scene.untilSuccess();
  await scene.judge('unconfirmed');
});

faultTest('run reset after its end', async (scene) => {
  await scene.startWorker();
  const run = await scene.start();
  await scene.untilSuccess();
  const before = await scene.judge('nothing');
  await resetToFirstStep(scene, run);
  await scene.untilEnded();
  expect(await scene.judge('nothing')).toEqual(before);
});

/** From there it would go on under an epoch that is no longer its own. */
async function resetToFirstStep({ installation, sync }: Scene, runId: string): Promise<void> {
  const client = await installation.session.temporal();
  const { events } = await client.workflow.getHandle(runWorkflowId(sync), runId).fetchHistory();
  const completions = (events ?? []).filter((event) => event.workflowTaskCompletedEventAttributes != null);
  const point = completions[2]?.eventId;
  if (point == null) throw new Error('The run has no third workflow task.');
  await client.workflowService.resetWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId: runWorkflowId(sync), runId },
    workflowTaskFinishEventId: point,
    requestId: `${runId}-reset`,
    reason: 'test',
  });
}
