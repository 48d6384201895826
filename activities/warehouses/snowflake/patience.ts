/** Waits for a driver that may retry for a quarter of an hour, or for ever. */

export interface Patience {
  /** Ends the wait with its reason. */
  readonly signal: AbortSignal;
  readonly ms: number;
  /** What a wait that took too long fails with. */
  readonly tooLate: () => Error;
  /** Called when the wait ends before the work does. */
  readonly giveUp: () => void;
}

/**
 * Begins a piece of work and waits for it, but not for ever.
 *
 * @param work gets a signal that is aborted once nobody waits any more
 * @throws the signal's reason, `tooLate`, or what the work throws
 */
export async function withPatience<T>(
  { signal, ms, tooLate, giveUp }: Patience,
  work: (over: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const over = new AbortController();
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const end = (reason: unknown): void => {
    over.abort(reason);
    giveUp();
    reject(reason);
  };
  const onAbort = (): void => end(signal.reason);
  const timer = setTimeout(() => end(tooLate()), ms);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work(over.signal), ended]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}
