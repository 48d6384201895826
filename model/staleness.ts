/** When a sync is stale: it should have delivered, and has not for several intervals. Pure. */
import type { SyncDefinition } from './definitions.ts';

/** When a sync last did well, as far as the ledger knows. */
export interface Freshness {
  readonly isPaused: boolean;
  /** Whether a run waits for people: they were told then. */
  readonly isHeld: boolean;
  /** When it passed its connection test; null where it has not. */
  readonly testedAt: Date | null;
  /** When its schedule was last let go. */
  readonly resumedAt: Date | null;
  /** End of the last run that delivered to its end. */
  readonly succeededAt: Date | null;
  /** The last time a run moved the watermark: a long run that gets on is not stale. */
  readonly committedAt: Date | null;
}

/**
 * @param longestGapMs between two firings of its schedule; undefined where it has none
 * @returns since when it has delivered nothing; undefined where it is not stale
 */
export function staleSince(
  { stale_after: intervals }: Pick<SyncDefinition['notifications'], 'stale_after'>,
  longestGapMs: number | undefined,
  freshness: Freshness,
  now: Date,
): Date | undefined {
  const { testedAt, resumedAt, succeededAt, committedAt } = freshness;
  if (intervals === 0 || longestGapMs === undefined) return undefined;
  if (testedAt === null || freshness.isPaused || freshness.isHeld) return undefined;
  const times = [testedAt, resumedAt, succeededAt, committedAt].flatMap((time) => time?.getTime() ?? []);
  const since = Math.max(...times);
  return now.getTime() - since > intervals * longestGapMs ? new Date(since) : undefined;
}
