/** How often a sync has failed in a row of what only a person can mend. Pure. */
import { ERROR_RULES, isErrorType } from './errors.ts';
import type { RunStatus } from './run.ts';

interface EndedRun {
  readonly status: RunStatus;
  readonly error: { readonly type: string } | null;
}

/** Whether trying again is of no use until somebody has done something. */
export function needsPerson(type: string): boolean {
  if (!isErrorType(type)) return false;
  const { retryable, audience, outcome } = ERROR_RULES[type];
  return !retryable && audience !== 'nobody' && outcome !== 'cancelled';
}

/**
 * A run that ended well ends the row. One that was cancelled, or that failed of what passes by itself, says nothing.
 *
 * @param runs newest first
 */
export function failuresInARow(runs: readonly EndedRun[]): number {
  let failures = 0;
  for (const { status, error } of runs) {
    if (status === 'success' || status === 'partial') return failures;
    if (error !== null && needsPerson(error.type)) failures += 1;
  }
  return failures;
}
