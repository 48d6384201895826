/** kill -9 of the worker at random points of a run, once or twice. */
import { setTimeout as sleep } from 'node:timers/promises';
import { FAULT_SIZE } from './fault-size.ts';
import { faultTest } from './fault-test.ts';

const LONGEST_PAUSE_MS = 300;

faultTest(
  'worker killed',
  async (scene) => {
    const { random } = scene;
    let worker = await scene.startWorker();
    await scene.start();
    const moments = Array.from({ length: random.integer(1, 2) }, () => scene.drawArrivals());
    for (const moment of moments.sort((a, b) => a - b)) {
      await scene.untilArrived(moment);
      await sleep(random.integer(0, LONGEST_PAUSE_MS));
      worker.kill('SIGKILL');
      await worker.ended();
      worker = await scene.startWorker();
    }
    await scene.untilSuccess();
    await scene.judge('unconfirmed');
  },
  { seeds: FAULT_SIZE.killSeeds },
);
