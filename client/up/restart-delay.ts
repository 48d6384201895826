const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 30_000;
/** A process that lived this long did not fail at its start: the next delay is short again. */
const HEALTHY_MS = 60_000;

/**
 * How long to wait before a process that ended is started again: doubling while it ends quickly.
 * @param previousMs the delay before, undefined at the first end.
 * @param livedMs how long it ran.
 */
export function restartDelay(previousMs: number | undefined, livedMs: number): number {
  if (previousMs === undefined || livedMs >= HEALTHY_MS) return FIRST_DELAY_MS;
  return Math.min(previousMs * 2, LONGEST_DELAY_MS);
}
