/** Waits for a warehouse that is stopped: the first request starts it, which takes a classic one two to five minutes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CdiError } from '../../../model/errors.ts';
import { classifyDatabricks, isWaking } from './errors.ts';

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 15_000;

/**
 * @param attempt opens a fresh session each time: one that was opened too early is dead. Gets what is left, in milliseconds
 * @throws CdiError `warehouse_busy` once the limit is over; whatever else an attempt threw, classified
 */
export async function onceAwake<T>(
  attempt: (leftMs: number) => Promise<T>,
  limitMs: number,
  signal: AbortSignal,
): Promise<T> {
  const end = performance.now() + limitMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    let failure: unknown;
    try {
      return await attempt(end - performance.now());
    } catch (error) {
      failure = error;
    }
    signal.throwIfAborted();
    const classified = classifyDatabricks(failure);
    if (!isWaking(failure)) throw classified;
    const wanted = classified instanceof CdiError ? (classified.retryAfterMs ?? 0) : 0;
    const nextMs = Math.max(pauseMs, Math.min(wanted, LONGEST_PAUSE_MS));
    if (performance.now() + nextMs >= end) throw stillAsleep(limitMs, classified);
    await sleep(nextMs, undefined, { signal }).catch(() => undefined);
    signal.throwIfAborted();
  }
}

export function stillAsleep(limitMs: number, cause?: Error): CdiError {
  return new CdiError(
    'warehouse_busy',
    `The SQL warehouse did not start within ${Math.round(limitMs / 1_000)} seconds. Start it under SQL Warehouses in ` +
      `Databricks, and see there what keeps it from starting; a serverless one is up in seconds.`,
    { cause, vendorCode: cause instanceof CdiError ? cause.vendorCode : undefined },
  );
}
