/**
 * Makes sure that all workers of an installation stage in the same place: each leaves a marker there, and reads those of
 * the workers that run already. A page that one stages and another cannot read would be lost.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Staging } from '../activities/staging/staging.ts';
import { CdiError } from '../model/errors.ts';
import type { WorkerRecord, Workers } from '../store/workers.ts';

const SIGN_OF_LIFE_MS = 5_000;
/** A worker that is silent for longer has ended, or stands still: its pages are given up for lost. */
export const GONE_MS = 20_000;
const POLL_MS = 500;

/** Begins with a dot, as no sync does; lies beside the folders of the syncs, so that no sweep takes it for a run. */
const markerOf = (name: string): string => `.worker-${name}`;

/**
 * Enters this worker among those of the installation.
 *
 * @param say hears that it waits for a worker that may be gone
 * @returns to be called when the worker ends
 * @throws CdiError `staging_not_shared` where a running worker stages elsewhere, or under another key;
 *   `staging_unavailable` where the staging itself does not work
 */
export async function shareStaging(
  workers: Workers,
  staging: Staging,
  say: (message: string) => void,
): Promise<() => Promise<void>> {
  const reference = markerOf(randomUUID());
  let marker = await leaveMarker(staging, reference);
  const id = await workers.enter({ host: hostname(), pid: process.pid, marker });
  const giveSign = async (): Promise<void> => {
    marker ??= await leaveMarker(staging, reference);
    await workers.seen(id, marker);
  };
  const timer = setInterval(() => void giveSign().catch(() => undefined), SIGN_OF_LIFE_MS);
  timer.unref();
  const leave = async (): Promise<void> => {
    clearInterval(timer);
    await staging.remove(reference).catch(() => undefined);
    await workers.leave(id).catch(() => undefined);
  };
  try {
    for (const other of await workers.before(id)) {
      if (other.marker === null || (await canRead(staging, other.marker))) continue;
      await untilGone(workers, id, other, say);
      await workers.leave(other.id);
    }
    await sweep(workers, staging, id);
  } catch (error) {
    await leave();
    throw error;
  }
  return leave;
}

/** @returns null where there is no space: a worker has to run then, for it sweeps what is no longer needed */
async function leaveMarker(staging: Staging, reference: string): Promise<string | null> {
  try {
    await staging.write(reference, Buffer.from('A worker of braze-cdi stages here.'));
    return reference;
  } catch (error) {
    if (error instanceof CdiError && error.type === 'staging_full') return null;
    throw error;
  }
}

/** Waits as long as the other one may be dead. @throws CdiError `staging_not_shared` at its next sign of life */
async function untilGone(
  workers: Workers,
  id: number,
  other: WorkerRecord,
  say: (message: string) => void,
): Promise<void> {
  let silentMs = other.silentMs;
  if (silentMs < GONE_MS) say(`waits for the worker on ${other.host}, which stages elsewhere, to be gone`);
  while (silentMs < GONE_MS) {
    await sleep(POLL_MS);
    const now = (await workers.before(id)).find((worker) => worker.id === other.id);
    if (!now) return;
    if (now.silentMs < silentMs)
      throw new CdiError(
        'staging_not_shared',
        `The worker on ${other.host} (process ${other.pid}) runs, and stages elsewhere or under another key: its marker ` +
          'cannot be read. Give all workers the same CDI_STAGING_URL and the same key; several machines need s3://.',
      );
    silentMs = now.silentMs;
  }
}

/** Forgets the workers that ended without a word. */
async function sweep(workers: Workers, staging: Staging, id: number): Promise<void> {
  for (const other of await workers.before(id)) {
    if (other.silentMs < GONE_MS) continue;
    if (other.marker !== null) await staging.remove(other.marker);
    await workers.leave(other.id);
  }
}

async function canRead(staging: Staging, marker: string): Promise<boolean> {
  try {
    await staging.read(marker);
    return true;
  } catch (error) {
    if (error instanceof CdiError && error.type === 'staging_lost') return false;
    throw error;
  }
}
