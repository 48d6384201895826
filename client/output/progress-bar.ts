/** The progress of a run as one line. */
import type { RunCounts } from '../../model/run.ts';

const WIDTH = 24;

/** @param seconds since the run began */
export function progressLine(sync: string, counts: RunCounts, seconds: number): string {
  const done = counts.sent + counts.rejected;
  const share = counts.read === 0 ? 0 : Math.min(1, done / counts.read);
  const full = Math.round(share * WIDTH);
  const bar = '█'.repeat(full) + '░'.repeat(WIDTH - full);
  const pace = seconds > 0 ? Math.round(counts.sent / seconds) : 0;
  const number = (value: number): string => value.toLocaleString('en-US');
  const rejected = counts.rejected > 0 ? `, ${number(counts.rejected)} rejected` : '';
  return `${sync}  ${bar}  ${number(counts.sent)} of ${number(counts.read)} sent${rejected}  ${number(pace)} rows/s`;
}
