import { Context } from '@temporalio/activity';
import type { QueryTokens } from './warehouses/warehouse.ts';

/** Heartbeats are cheap but not free: one a second is enough for cancellation to be felt within seconds. */
const EVERY_MS = 1_000;
/** A heartbeat that comes late, or is lost, is not taken for a dead worker. */
const PER_TIMEOUT = 4;

/** How far a step is: counts only, for operators to read under the pending activities. */
export type StepProgress = Readonly<Record<string, number>>;

/** What a heartbeat carries: how far the step is, and where its queries are found again. */
interface HeartbeatDetails extends Record<string, unknown> {
  readonly queries?: Readonly<Record<string, string>>;
}

/**
 * Sends heartbeats while work goes on, so that cancellation is felt and a dead worker is noticed.
 *
 * @param work gets the signal of its cancellation, a way to tell how far it is, and what the last attempt left of its queries
 */
export async function withHeartbeat<T>(
  work: (signal: AbortSignal, tell: (progress: StepProgress) => void, queries: QueryTokens) => Promise<T>,
): Promise<T> {
  const context = Context.current();
  const former = (context.info.heartbeatDetails as HeartbeatDetails | undefined)?.queries;
  const queries = new Map(Object.entries(former ?? {}));
  let progress: StepProgress | undefined;
  const details = (): HeartbeatDetails => ({
    ...progress,
    ...(queries.size === 0 ? {} : { queries: Object.fromEntries(queries) }),
  });
  const { heartbeatTimeoutMs = Infinity } = context.info;
  const everyMs = Math.min(EVERY_MS, heartbeatTimeoutMs / PER_TIMEOUT);
  const timer = setInterval(() => context.heartbeat(details()), everyMs);
  try {
    // What the last attempt kept must not be lost with this one.
    context.heartbeat(details());
    return await work(
      context.cancellationSignal,
      (latest) => {
        progress = latest;
      },
      {
        find: (query) => queries.get(query),
        keep: (query, token) => {
          queries.set(query, token);
          context.heartbeat(details());
        },
      },
    );
  } finally {
    clearInterval(timer);
  }
}
