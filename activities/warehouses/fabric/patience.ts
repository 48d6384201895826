/** Waiting for the rows of a request: the driver's own deadline runs only until the first answer, and knows no signal. */
import { CdiError } from '../../../model/errors.ts';

export interface Patience {
  /** From now on somebody waits. */
  wait(): void;
  /** From now on nobody does. */
  rest(): void;
  /** Whoever waited has what they waited for. */
  end(): void;
  /** Why the request was cancelled; undefined where it was not. */
  readonly reason: Error | undefined;
}

export interface Limits {
  readonly signal: AbortSignal;
  /** The longest wait, in milliseconds. */
  readonly answerMs: number;
}

/**
 * @param cancel ends the request, on the server too; called at most once
 * @param onLate called instead at the end of a wait, where it returns true
 */
export function patience(
  { signal, answerMs }: Limits,
  cancel: () => void,
  onLate: () => boolean = () => false,
): Patience {
  let reason: Error | undefined;
  let timer: NodeJS.Timeout | undefined;
  const giveUp = (because: Error): void => {
    if (reason) return;
    reason = because;
    cancel();
  };
  const onTime = (): void => {
    if (!onLate())
      giveUp(new CdiError('query_timeout', 'Fabric did not answer the query in time; it was cancelled.'));
  };
  const onAbort = (): void => giveUp(abortReason(signal));
  signal.addEventListener('abort', onAbort, { once: true });
  return {
    wait() {
      clearTimeout(timer);
      timer = setTimeout(onTime, answerMs);
    },
    rest: () => clearTimeout(timer),
    end() {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    },
    get reason() {
      return reason;
    },
  };
}

function abortReason({ reason }: AbortSignal): Error {
  return reason instanceof Error ? reason : new Error('The connection was aborted.');
}
