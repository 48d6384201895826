/** Storms of 429, in each style in which Braze tells when to come back: nothing is lost, and nothing doubles. */
import type { RetryStyle } from '../braze-simulator/control-types.ts';
import { faultTest } from './fault-test.ts';

const STYLES: readonly RetryStyle[] = ['reset', 'reset_delta', 'retry_after'];

faultTest('braze rate limited', async (scene, seed) => {
  const { random } = scene;
  const style = STYLES[seed % STYLES.length] ?? 'reset';
  await scene.installation.braze.client.setScript(
    Array.from({ length: 3 }, () => ({
      match: { afterRequests: random.integer(0, 150) },
      times: random.integer(5, 20),
      action: { type: '429', style, seconds: 1 },
    })),
  );
  await scene.startWorker();
  await scene.start();
  await scene.untilSuccess();
  await scene.judge('nothing');
});
