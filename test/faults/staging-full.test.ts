/** The staging folder has no space left in mid-run. The run waits, and goes on once there is some. */
import { expect } from 'vitest';
import { smallFolder } from '../support/small-folder.ts';
import { faultTest } from './fault-test.ts';

/** Room for every segment that may be staged at once. */
const ENOUGH_BYTES_PER_ROW = 2_000;
/** Room for the first segments at most. */
const LITTLE_BYTES_PER_ROW = 10;

faultTest('staging full', async (scene) => {
  const kilobytes = Math.ceil((scene.rows * ENOUGH_BYTES_PER_ROW) / 1_024);
  const left = scene.random.integer(0, Math.ceil((scene.rows * LITTLE_BYTES_PER_ROW) / 1_024));
  const folder = smallFolder(scene.installation.stagingFolder, kilobytes, left);
  const worker = await scene.startWorker(folder.prefix);
  await scene.start();
  await expect.poll(() => worker.log(), { timeout: 60_000 }).toContain('staging_full');
  await folder.free(worker.pid);
  await scene.untilSuccess();
  await scene.judge('nothing');
});
