/**
 * A whole table in one instant, ten times what a segment may hold: read in parts, in bounded memory, with kill -9 of
 * the worker at random points. Rows that are added at that very instant are found among the others.
 */
import { expect } from 'vitest';
import { FAULT_SIZE } from './fault-size.ts';
import { faultTest } from './fault-test.ts';
import { peakMemoryMb } from './process-memory.ts';
import type { Scene, SceneOptions } from './scene.ts';

const { instantRows } = FAULT_SIZE;
const SEGMENT_ROWS = instantRows / 10;
const ADDED = 10;
/** What the worker needs without a table, and what it may need for one of any size. */
const MOST_MEMORY_MB = 700;

const oneInstant = (options: Readonly<Record<string, unknown>>): SceneOptions => ({
  dataType: 'events',
  shape: { rows: instantRows, ties: { rows: instantRows, first: 0 } },
  syncOptions: { page_size: SEGMENT_ROWS / 10, segment_rows: SEGMENT_ROWS, ...options },
  latencyMs: 5,
});

faultTest(
  'whole table',
  async (scene) => {
    let worker = await scene.startWorker();
    await scene.start();
    const moments = [scene.drawArrivals(), scene.drawArrivals()].sort((a, b) => a - b);
    for (const moment of moments) {
      await scene.untilArrived(moment);
      expect(await peakMemoryMb(worker.pid)).toBeLessThan(MOST_MEMORY_MB);
      worker.kill('SIGKILL');
      await worker.ended();
      worker = await scene.startWorker();
    }
    await scene.untilSuccess();
    await scene.judge('unconfirmed');

    await addRows(scene);
    await scene.start();
    expect((await scene.untilSuccess()).counts).toMatchObject({
      read: ADDED,
      sent: ADDED,
      possiblyDoubled: 0,
    });
    await scene.judge('unconfirmed');
    expect(await peakMemoryMb(worker.pid)).toBeLessThan(MOST_MEMORY_MB);
  },
  { scene: async () => oneInstant({}) },
);

faultTest(
  'parts only counted',
  async (scene) => {
    const worker = await scene.startWorker();
    await scene.start();
    expect((await scene.untilSuccess()).counts).toMatchObject({ sent: instantRows, possiblyDoubled: 0 });
    await addRows(scene);
    await scene.start();
    const { counts, warnings } = await scene.untilSuccess();
    expect(warnings).toEqual([expect.stringContaining('`digest_rows` is too low')]);
    // Only parts that have grown went again, and of those whose digests are kept only what is new.
    expect(counts.sent).toBeGreaterThan(ADDED);
    expect(counts.sent).toBeLessThan(instantRows);
    await scene.judge('nothing', { tableIsStill: false, sentAgain: counts.sent - ADDED });
    expect(await peakMemoryMb(worker.pid)).toBeLessThan(MOST_MEMORY_MB);
  },
  { seeds: 1, scene: async () => oneInstant({ digest_rows: instantRows / 4 }) },
);

/** Rows at the instant of all others. */
async function addRows({ installation, table }: Scene): Promise<void> {
  await installation.source.query(
    `insert into cdi.${table}
     select (select max(updated_at) from cdi.${table}), 'late' || n,
       '{"name":"e","time":"2026-01-01T00:00:00Z","properties":{"n":' || n || '}}'
     from generate_series(${instantRows}, ${instantRows + ADDED - 1}) n`,
  );
}
