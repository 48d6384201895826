/** Waiting with an end: the driver has no deadlines of its own, and knows no cancelling. */
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * @param late makes the error for a promise that is not settled in time
 * @throws what the promise throws; what `late` makes; the reason of the signal, at once
 */
export async function within<T>(
  promise: Promise<T>,
  ms: number,
  late: () => Error,
  signal?: AbortSignal,
): Promise<T> {
  const { promise: given, resolve, reject } = Promise.withResolvers<T>();
  const onAbort = (): void => reject(signal?.reason);
  const timer = setTimeout(() => reject(late()), ms);
  if (signal?.aborted) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  promise.then(resolve, reject);
  try {
    return await given;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

/** Waits until something is over, however it ends, but not longer than that. */
export async function settled(promise: Promise<unknown>, ms: number): Promise<void> {
  const abort = new AbortController();
  await Promise.race([
    promise.catch(() => undefined),
    sleep(ms, undefined, { signal: abort.signal }).catch(() => undefined),
  ]);
  abort.abort();
}
