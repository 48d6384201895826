/** How a run ends. Pure. */
import { type ErrorType, ERROR_RULES } from './errors.ts';
import type { RunCounts, RunOutcome } from './run.ts';

/**
 * @param error what stopped the run, or undefined where it went to its end
 * @returns `partial` where rows were rejected, even all of them: the watermark has moved past them
 */
export function runOutcome(counts: RunCounts, error: ErrorType | undefined): RunOutcome {
  if (error !== undefined) return ERROR_RULES[error].outcome;
  return counts.rejected > 0 ? 'partial' : 'success';
}
