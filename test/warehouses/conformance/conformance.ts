/** Puts a stand-in through every check. A sixth warehouse gets all of it by one `StandIn`. */
import { afterAll, beforeAll, describe, test } from 'vitest';
import type { Warehouse } from '../../../model/warehouse-credentials.ts';
import { LIMITS } from '../limits.ts';
import type { StandIn } from '../stand-in.ts';
import { Scene } from './scene.ts';
import { THEMES } from './themes.ts';

/** Registers the tests of one stand-in, less the checks that its `limits.ts` names. */
export function conformance(warehouse: Warehouse, openStandIn: () => Promise<StandIn>): void {
  describe(warehouse, () => {
    let standIn: StandIn;
    let scene: Scene;

    beforeAll(async () => {
      standIn = await openStandIn();
      scene = new Scene(standIn);
    });

    afterAll(async () => {
      await scene?.[Symbol.asyncDispose]();
      await standIn?.[Symbol.asyncDispose]();
    });

    for (const { title, checks } of THEMES) {
      describe(title, () => {
        for (const check of checks) {
          if (check.name in LIMITS[warehouse].lacks) continue;
          test(`${check.name}: ${check.title}`, () => check.run(scene));
        }
      });
    }
  });
}
