/** Waiting that ends: the driver's requests have no timeout and cannot be cancelled. */

/** A timer takes no more than 32 bits. */
const LONGEST_MS = 2 ** 31 - 1;

export interface Limits {
  readonly signal: AbortSignal;
  readonly ms: number;
  /** What to throw once the time is over. */
  readonly late: () => Error;
}

/**
 * Waits for work, which goes on where it was given up.
 *
 * @throws the signal's reason once it is aborted; what `late` makes once the time is over
 */
export async function inTime<T>(work: Promise<T>, { signal, ms, late }: Limits): Promise<T> {
  // Nobody may be left to hear of a failure.
  work.catch(() => undefined);
  signal.throwIfAborted();
  const { promise: end, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason as Error);
  signal.addEventListener('abort', onAbort, { once: true });
  const timer = setTimeout(() => reject(late()), Math.min(Math.max(0, ms), LONGEST_MS));
  try {
    return await Promise.race([work, end]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}
