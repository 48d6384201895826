/** Staged files vanish before they are uploaded: their segment is extracted again, less what is handled. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { faultTest } from './fault-test.ts';

const POLL_MS = 2;

faultTest('page deleted', async (scene) => {
  const kind = scene.random.pick(['.batches', '.index', 'tail']);
  const worker = await scene.startWorker();
  await scene.start();
  await scene.untilArrived(1);
  // The first segment is being sent; what lies there of a later one is still needed.
  await deleteWaiting(scene.installation.stagingFolder, kind);
  await expect.poll(() => worker.log(), { timeout: 60_000 }).toContain('staging_lost');
  await scene.untilSuccess();
  await scene.judge('nothing');
});

/** Deletes the first file of a kind that appears in the folder of a second or later segment. */
async function deleteWaiting(staging: string, kind: string): Promise<void> {
  for (;;) {
    const files = await readdir(staging, { recursive: true });
    const waiting = files.find((file) => file.endsWith(kind) && !/\/\d+-1-\d+\//.test(file));
    if (waiting !== undefined) return rm(join(staging, waiting));
    await sleep(POLL_MS);
  }
}
