/**
 * A worker is frozen in mid-upload, another takes over, and the first wakes. Its lease has ended by then: nothing of
 * it may reach Braze any more. What it had written before it froze is at the simulator at once, but for one request:
 * the worker may have stopped between the question whether it may write and the write itself. Nobody can take that one
 * back, and whom it holds may have the older value then.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, vi } from 'vitest';
import type { RecordedRequest } from '../braze-simulator/control-types.ts';
import { faultTest } from './fault-test.ts';

/** Requests that were written before the freeze have arrived by then. */
const SETTLE_MS = 200;
/** One thread asks and writes, for one request after the other. */
const HALF_WRITTEN = 1;
/** Long enough for a stray request, which needs no more than a turn of the event loop. */
const WATCH_MS = 2_000;
/** The worker that woke tells of what it wrote late. */
const TOLD_MS = 10_000;

faultTest('worker frozen', async (scene, seed) => {
  const { client } = scene.installation.braze;
  const frozen = await scene.startWorker();
  await scene.start();
  await scene.untilArrived(scene.drawArrivals(0.1, 0.5));
  frozen.kill('SIGSTOP');
  await sleep(SETTLE_MS);
  const before = await client.record();
  await scene.startWorker();

  let stray: RecordedRequest[];
  if (seed % 2 === 0) {
    // It wakes while the other uploads, and is told by its connections, which the other has none of.
    await scene.untilArrived(arrivals(before) + scene.drawArrivals(0.1, 0.3));
    const own = new Set(before.map(({ connection }) => connection));
    const seen = (await client.record()).length;
    frozen.kill('SIGCONT');
    await scene.untilSuccess();
    stray = (await client.record()).slice(seen).filter(({ connection }) => own.has(connection));
  } else {
    // It wakes when all is done: whatever arrives then is its.
    await scene.untilSuccess();
    const done = (await client.record()).length;
    frozen.kill('SIGCONT');
    await sleep(WATCH_MS);
    stray = (await client.record()).slice(done);
  }
  expect(stray.length, 'requests of the worker that woke').toBeLessThanOrEqual(HALF_WRITTEN);
  if (stray.length > 0)
    await vi.waitFor(
      async () =>
        expect((await scene.untilEnded()).warnings).toContainEqual(
          expect.stringContaining('wrote it after its lease had ended'),
        ),
      { timeout: TOLD_MS, interval: 200 },
    );
  await scene.judge('unconfirmed', { halfWritten: stray[0] });
});

function arrivals(record: readonly RecordedRequest[]): number {
  return record.reduce((sum, { objects }) => sum + objects, 0);
}
