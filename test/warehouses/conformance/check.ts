/** The form in which the suite is written: themes of checks, each of which any stand-in can be put through. */
import type { Scene } from './scene.ts';

export interface Check {
  /** Short and stable: `limits.ts` of a stand-in names it. */
  readonly name: string;
  /** What holds, for docs/warehouses.md. */
  readonly title: string;
  /** @throws where it does not hold */
  readonly run: (scene: Scene) => Promise<void>;
}

export interface Theme {
  readonly title: string;
  readonly checks: readonly Check[];
}
