/**
 * Waits for work unless it is to stop: then the work is left alone, and what it works with can be taken from beneath it.
 *
 * @throws the reason of the signal, or what the work throws
 */
export async function unlessStopped<T>(stop: AbortSignal, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(stop.reason as Error);
  stop.addEventListener('abort', onAbort, { once: true });
  try {
    stop.throwIfAborted();
    return await Promise.race([work, promise]);
  } finally {
    stop.removeEventListener('abort', onAbort);
    // It fails once what it works with is gone, and nobody listens any more.
    work.catch(() => undefined);
  }
}
