/** SIGTERM in mid-upload: the worker ends what it began, and another goes on without a double. */
import { faultTest } from './fault-test.ts';

faultTest('worker stopped', async (scene) => {
  const worker = await scene.startWorker();
  await scene.start();
  await scene.untilArrived(scene.drawArrivals(0.1));
  const successorIsThere = scene.random.pick([true, false]);
  if (successorIsThere) await scene.startWorker();
  await worker.stop();
  if (!successorIsThere) await scene.startWorker();
  await scene.untilSuccess();
  await scene.judge('nothing');
});
