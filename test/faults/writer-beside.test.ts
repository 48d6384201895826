/**
 * Twenty runs while a process keeps writing, with transactions that commit late. Either the safety lag is longer than
 * its transactions, or there is none and the runs look back: every event arrives once, and every user ends at the
 * latest value.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startProcess } from '../braze-simulator/start-process.ts';
import { faultTest } from './fault-test.ts';
import type { SceneOptions } from './scene.ts';
import { LONGEST_TRANSACTION_MS } from './writer-pace.ts';

const WRITER = fileURLToPath(new URL('writer.ts', import.meta.url));
const RUNS = 20;
/** Four times the longest pause before a commit: the statements of a transaction take time as well. */
const SAFETY_LAG_MS = LONGEST_TRANSACTION_MS * 4;

const EMPTY: SceneOptions = {
  shape: { rows: 0, ties: { rows: 0, first: 0 } },
  latencyMs: 5,
};
const SMALL_SEGMENTS = { page_size: 250, segment_rows: 1_000, unconfirmed_window: 20 };
const LAGGING = { ...SMALL_SEGMENTS, safety_lag: `${SAFETY_LAG_MS}ms` };
const LOOKING_BACK = { ...SMALL_SEGMENTS, safety_lag: '0s', lookback: '1h' };

for (const [fault, kind, dataType, syncOptions] of [
  ['writer inserts', 'insert', 'events', LAGGING],
  ['writer updates', 'update', 'attributes', LAGGING],
  ['inserts, lookback', 'insert', 'events', LOOKING_BACK],
  ['updates, lookback', 'update', 'attributes', LOOKING_BACK],
] as const) {
  faultTest(
    fault,
    async (scene, seed) => {
      const { source, sourceUrl } = scene.installation;
      if (kind === 'update') await source.query(`alter table cdi.${scene.table} add unique (external_id)`);
      await scene.startWorker();
      const told = { url: sourceUrl, table: scene.table, kind, seed };
      const writer = await startProcess(WRITER, [JSON.stringify(told)]);
      try {
        for (let run = 1; run <= RUNS; run += 1) {
          await scene.start();
          await scene.untilSuccess();
          await sleep(scene.random.integer(0, 300));
        }
      } finally {
        await writer.kill();
      }
      await sleep(SAFETY_LAG_MS);
      await scene.start();
      await scene.untilSuccess();
      await scene.judge('nothing', { tableIsStill: kind === 'insert' });
    },
    { scene: async () => ({ ...EMPTY, dataType, syncOptions }) },
  );
}
