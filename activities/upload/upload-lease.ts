/**
 * The lease of one upload attempt. Whether it still holds is read from a monotonic clock, counted from before the
 * ledger was asked: a process that was frozen finds its lease ended before it writes anything more.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { CdiError } from '../../model/errors.ts';
import type { Leases } from '../../store/leases.ts';

export interface UploadLease {
  /** Whether a request may be written at this moment. */
  readonly holds: () => boolean;
  /** Waits until the lease holds again. @throws CdiError `lease_lost` once another attempt has it */
  readonly untilHolds: () => Promise<void>;
  readonly release: () => Promise<void>;
}

/** Longest nap while another attempt holds the lease, so that heartbeats go on. */
const NAP_MS = 500;

/**
 * Waits for the lease of a sync and keeps it.
 *
 * @param ttlMs how long the lease lasts without being prolonged, in milliseconds
 */
export async function acquireLease(
  leases: Leases,
  sync: string,
  owner: string,
  ttlMs: number,
  signal: AbortSignal,
): Promise<UploadLease> {
  let holdsUntil = 0;
  for (;;) {
    const asked = performance.now();
    const left = await leases.take(sync, owner, ttlMs);
    if (left === 0) {
      holdsUntil = asked + ttlMs;
      break;
    }
    await sleep(Math.min(left, NAP_MS), undefined, { signal });
  }

  let released = false;
  let lost = false;
  const holds = (): boolean => performance.now() < holdsUntil;
  const keep = async (): Promise<void> => {
    while (!released) {
      await sleep(ttlMs / 4, undefined, { ref: false });
      if (released) return;
      const asked = performance.now();
      // While the ledger is out of reach the lease simply runs out; it is renewed when the ledger is back.
      const isOurs = await leases.renew(sync, owner, ttlMs).catch(() => undefined);
      if (isOurs) holdsUntil = asked + ttlMs;
      else if (isOurs === false) {
        holdsUntil = 0;
        lost = true;
        return;
      }
    }
  };
  void keep();

  return {
    holds,
    untilHolds: async () => {
      while (!holds()) {
        if (lost || released) throw new CdiError('lease_lost', `Another attempt uploads for ${sync}.`);
        await sleep(NAP_MS / 10, undefined, { signal });
      }
    },
    release: async () => {
      released = true;
      holdsUntil = 0;
      await leases.release(sync, owner).catch(() => undefined);
    },
  };
}
