/** A run is terminated from the Temporal side: the next run closes it and sends what it had not confirmed. */
import { expect } from 'vitest';
import { runWorkflowId } from '../../model/names.ts';
import { faultTest } from './fault-test.ts';

faultTest('run terminated', async (scene) => {
  const { session } = scene.installation;
  await scene.startWorker();
  const run = await scene.start();
  await scene.untilArrived(scene.drawArrivals(0.05));
  const client = await session.temporal();
  await client.workflow.getHandle(runWorkflowId(scene.sync)).terminate('by an operator');
  await scene.start();
  await scene.untilSuccess();
  expect(await session.ledger.runs.get(run)).toMatchObject({
    status: 'cancelled',
    error: { type: 'ended_outside' },
  });
  await scene.judge('unconfirmed');
});
