/** A run is cancelled in mid-upload: what was answered is on record, and the next run sends exactly the rest. */
import { expect } from 'vitest';
import { runWorkflowId } from '../../model/names.ts';
import { faultTest } from './fault-test.ts';

faultTest('run cancelled', async (scene) => {
  await scene.startWorker();
  await scene.start();
  await scene.untilArrived(scene.drawArrivals());
  const client = await scene.installation.session.temporal();
  await client.workflow.getHandle(runWorkflowId(scene.sync)).cancel();
  expect(await scene.untilEnded()).toMatchObject({ status: 'cancelled', error: { type: 'cancelled' } });
  await scene.start();
  await scene.untilSuccess();
  await scene.judge('nothing');
});
