/**
 * Late rows, scattered over a long stretch that is already delivered: each is found and sent once, none of the others
 * again, and memory does not grow with the stretch.
 */
import { expect } from 'vitest';
import { FAULT_SIZE } from './fault-size.ts';
import { faultTest } from './fault-test.ts';
import { peakMemoryMb } from './process-memory.ts';
import type { Scene } from './scene.ts';

const rows = FAULT_SIZE.lookbackRows;
const LATE = 500;
const MOST_MEMORY_MB = 700;

faultTest(
  'lookback',
  async (scene) => {
    let worker = await scene.startWorker();
    await scene.start();
    expect((await scene.untilSuccess()).counts.sent).toBe(rows);

    await addLateRows(scene, rows);
    const arrived = rows;
    await scene.start();
    await scene.untilArrived(arrived + scene.random.integer(0, LATE / 2));
    worker.kill('SIGKILL');
    await worker.ended();
    worker = await scene.startWorker();
    await scene.untilSuccess();
    await scene.judge('unconfirmed');

    await addLateRows(scene, rows + LATE);
    await scene.start();
    expect((await scene.untilSuccess()).counts).toMatchObject({ read: LATE, sent: LATE });
    await scene.start();
    expect((await scene.untilSuccess()).counts).toMatchObject({ read: 0, sent: 0 });
    await scene.judge('unconfirmed');
    expect(await peakMemoryMb(worker.pid)).toBeLessThan(MOST_MEMORY_MB);
  },
  {
    seeds: 1,
    scene: async () => ({
      dataType: 'events',
      shape: { rows, ties: { rows: 100, first: 50 } },
      syncOptions: { page_size: 10_000, segment_rows: 100_000, lookback: '24h' },
      latencyMs: 2,
    }),
  },
);

/** Rows at random instants among those that are delivered. */
async function addLateRows({ installation, table, random }: Scene, firstNumber: number): Promise<void> {
  const { source } = installation;
  const times = Array.from({ length: LATE }, () => random.integer(0, Math.floor(rows / 3) - 1));
  await source.query(
    `insert into cdi.${table}
     select timestamptz '2026-01-01 00:00Z' + ms * interval '1 millisecond', 'late' || n,
       '{"name":"e","time":"2026-01-01T00:00:00Z","properties":{"n":' || (${firstNumber} + n) || '}}'
     from unnest($1::integer[]) with ordinality as late (ms, ordinal), lateral (select ordinal - 1 as n) o`,
    [times],
  );
}
