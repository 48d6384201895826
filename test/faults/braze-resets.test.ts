/** Connections to Braze are reset, before and after it took the request: only what got no answer may double. */
import { expect } from 'vitest';
import { faultTest } from './fault-test.ts';

faultTest('braze resets', async (scene) => {
  const { random } = scene;
  await scene.installation.braze.client.setScript([
    { match: { everyNth: random.integer(10, 40) }, action: { type: 'reset_after' } },
    { match: { everyNth: random.integer(10, 40) }, action: { type: 'reset_before' } },
  ]);
  await scene.startWorker();
  await scene.start();
  await scene.untilSuccess();
  const { possiblyDoubled } = await scene.judge('unanswered');
  expect(possiblyDoubled).toBeGreaterThan(0);
});
