import { Context } from '@temporalio/activity';

/** Heartbeats are cheap but not free: one a second is enough for cancellation to be felt within seconds. */
const EVERY_MS = 1_000;

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
  const timer = setInterval(() => context.heartbeat(progress), EVERY_MS);
  try {
    context.heartbeat();
    return await work(context.cancellationSignal, (latest) => {
      progress = latest;
    });
  } finally {
    clearInterval(timer);
  }
}
