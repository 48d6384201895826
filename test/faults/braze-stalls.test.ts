/** Some requests get no answer for long, and then the connection ends; Braze took some of them. */
import { expect } from 'vitest';
import { FAULT_SIZE } from './fault-size.ts';
import { faultTest } from './fault-test.ts';

faultTest('braze stalls', async (scene) => {
  const { random } = scene;
  await scene.installation.braze.client.setScript(
    [true, false, random.pick([true, false])].map((applied) => ({
      match: { afterRequests: random.integer(0, 150) },
      times: random.integer(1, 4),
      action: { type: 'stall', ms: FAULT_SIZE.stallMs, applied },
    })),
  );
  await scene.startWorker();
  await scene.start();
  await scene.untilSuccess();
  const { possiblyDoubled } = await scene.judge('unanswered');
  expect(possiblyDoubled).toBeGreaterThan(0);
});
