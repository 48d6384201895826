/** How notices go out when there are many: the first alone, the rest together. Pure. */

/** Messages of their own within a window. */
export const MOST_SINGLES = 5;
export const FLOOD_WINDOW_MS = 600_000;

export interface RecentNotices {
  /** Messages of their own that went out within the window. */
  readonly singles: number;
  /** Whether a summary went out within the window. */
  readonly hasSummary: boolean;
}

/**
 * @param messages how many are due
 * @param mayGather whether what is due is all there is: a run that ends knows only its own, and leaves a summary to the watch
 */
export function howToTell(
  messages: number,
  recent: RecentNotices,
  mayGather: boolean,
): 'single' | 'summary' | 'wait' {
  if (messages <= MOST_SINGLES - recent.singles) return 'single';
  return mayGather && !recent.hasSummary ? 'summary' : 'wait';
}
