import { Context } from '@temporalio/activity';

/** Heartbeats are cheap but not free: one a second is enough for cancellation to be felt within seconds. */
const EVERY_MS = 1_000;
/** A heartbeat that comes late, or is lost, is not taken for a dead worker. */
const PER_TIMEOUT = 4;

/** How far a step is: counts only, for operators to read under the pending activities. */
export type StepProgress = Readonly<Record<string, number>>;

/**
 * Sends heartbeats while work goes on, so that cancellation is felt and a dead worker is noticed.
 *
 * @param work gets the signal of its cancellation, and a way to tell how far it is
 */
export async function withHeartbeat<T>(
  work: (signal: AbortSignal, tell: (progress: StepProgress) => void) => Promise<T>,
): Promise<T> {
  const context = Context.current();
  let progress: StepProgress | undefined;
  const { heartbeatTimeoutMs = Infinity } = context.info;
  const everyMs = Math.min(EVERY_MS, heartbeatTimeoutMs / PER_TIMEOUT);
  const timer = setInterval(() => context.heartbeat(progress), everyMs);
  try {
    context.heartbeat();
    return await work(context.cancellationSignal, (latest) => {
      progress = latest;
    });
  } finally {
    clearInterval(timer);
  }
}
