/** A signal after this time is a second request; before, it is the same one passed on by npm or a shell as well. */
const SAME_REQUEST_MS = 1_000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface StopRequest extends Disposable {
  /** Aborted at the first signal that asks this process to end. */
  readonly asked: AbortSignal;
  /** Aborted at the second, by someone who does not want to wait. */
  readonly insisted: AbortSignal;
}

/** Takes over the signals that ask this process to end, until it is disposed of. */
export function stopRequest(): StopRequest {
  const asked = new AbortController();
  const insisted = new AbortController();
  let askedAt = 0;
  const onSignal = (): void => {
    if (!asked.signal.aborted) {
      askedAt = performance.now();
      asked.abort();
    } else if (performance.now() - askedAt > SAME_REQUEST_MS) insisted.abort();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return {
    asked: asked.signal,
    insisted: insisted.signal,
    [Symbol.dispose]: () => {
      for (const signal of SIGNALS) process.off(signal, onSignal);
    },
  };
}
