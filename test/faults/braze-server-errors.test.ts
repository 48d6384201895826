/** 5xx of every kind, before and after Braze took the request: only what got such an answer may double. */
import { expect } from 'vitest';
import type { Rule } from '../braze-simulator/control-types.ts';
import { faultTest } from './fault-test.ts';

const STATUSES = [500, 502, 503, 504] as const;

faultTest('braze server errors', async (scene) => {
  const { random } = scene;
  const rules: Rule[] = [
    ...STATUSES.map((status) => ({
      match: { everyNth: random.integer(7, 40) },
      action: { type: random.pick<'5xx_before' | '5xx_after'>(['5xx_before', '5xx_after']), status },
    })),
    // At least one of each, whatever was drawn.
    {
      match: { afterRequests: random.integer(0, 100) },
      times: 3,
      action: { type: '5xx_after', status: 503 },
    },
    {
      match: { afterRequests: random.integer(0, 100) },
      times: 3,
      action: { type: '5xx_before', status: 500 },
    },
  ];
  await scene.installation.braze.client.setScript(rules);
  await scene.startWorker();
  await scene.start();
  await scene.untilSuccess();
  const { possiblyDoubled } = await scene.judge('unanswered');
  expect(possiblyDoubled).toBeGreaterThan(0);
});
