/** Makes a test per seed of a fault. The seed is in its name and in the message of its failure. */
import { test } from 'vitest';
import { FAULT_SIZE, seedsOf } from './fault-size.ts';
import { type Scene, type SceneOptions, openScene } from './scene.ts';

const LOG_CHARACTERS = 4_000;

export interface FaultOptions {
  /** Default: those of the suite's size. */
  readonly seeds?: number;
  /** What the scene of a seed is made with; what it holds open ends with the test. */
  readonly scene?: (cleanup: AsyncDisposableStack, seed: number) => Promise<SceneOptions>;
}

/** @param play plays the fault and calls the judge */
export function faultTest(
  fault: string,
  play: (scene: Scene, seed: number) => Promise<void>,
  options: FaultOptions = {},
): void {
  for (const seed of seedsOf(options.seeds ?? FAULT_SIZE.seeds)) {
    test.concurrent(`${fault}, seed ${seed}`, { timeout: FAULT_SIZE.testTimeoutMs }, async () => {
      await using cleanup = new AsyncDisposableStack();
      const scene = cleanup.use(await openScene(fault, seed, await options.scene?.(cleanup, seed)));
      try {
        await play(scene, seed);
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new Error(
          `${fault}, ${scene.dataType}: ${reason}\nCDI_FAULT_SEED=${seed} plays it again.\n` +
            `What the workers warned of:\n${warnings(scene.logs()).slice(-LOG_CHARACTERS)}`,
          { cause },
        );
      }
    });
  }
}

/** Lines of pino's level 40 and above, or of another form. */
function warnings(log: string): string {
  return log
    .split('\n')
    .filter((line) => !/^\{"level":[123]0|No (workflows|Nexus services) registered/.test(line))
    .join('\n');
}
