import { Context } from '@temporalio/activity';

/** Heartbeats are cheap but not free: one a second is enough for cancellation to be felt within seconds. */
const EVERY_MS = 1_000;

/** Sends heartbeats while work goes on, so that cancellation is felt and a dead worker is noticed. */
export async function withHeartbeat<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const context = Context.current();
  const timer = setInterval(() => context.heartbeat(), EVERY_MS);
  try {
    context.heartbeat();
    return await work(context.cancellationSignal);
  } finally {
    clearInterval(timer);
  }
}
