/** Waiting that ends: drivers retry for a quarter of an hour or for ever, or have no deadlines and no cancelling at all. */
import { setTimeout as sleep } from 'node:timers/promises';

/** A timer takes no more than 32 bits. */
const LONGEST_MS = 2 ** 31 - 1;

export interface TimeLimit {
  /** Ends the wait with its reason. */
  readonly signal: AbortSignal;
  readonly ms: number;
  /** Makes what a wait fails with that took too long. */
  readonly late: () => Error;
}

/**
 * Begins a piece of work and waits for it, but not for ever: the work may go on when nobody waits for it any more.
 *
 * @param work gets a signal that is aborted once it is given up
 * @throws the signal's reason, at once; what `late` makes; what the work throws
 */
export async function inTime<T>(
  { signal, ms, late }: TimeLimit,
  work: (givenUp: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const givenUp = new AbortController();
  const { promise: end, reject } = Promise.withResolvers<never>();
  const giveUp = (reason: unknown): void => {
    givenUp.abort(reason);
    reject(reason);
  };
  const onAbort = (): void => giveUp(signal.reason);
  const timer = setTimeout(() => giveUp(late()), Math.min(Math.max(0, ms), LONGEST_MS));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work(givenUp.signal), end]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

/** Waits until something is over, however it ends, but not longer than that. */
export async function settled(work: Promise<unknown>, ms: number): Promise<void> {
  const over = new AbortController();
  await Promise.race([
    work.catch(() => undefined),
    sleep(ms, undefined, { signal: over.signal }).catch(() => undefined),
  ]);
  over.abort();
}
