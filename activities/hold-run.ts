/** Notes in the ledger that a run waits for people. */
import type { RunSize } from '../model/guard.ts';
import type { ActivityDependencies } from './dependencies.ts';

export interface HoldRunInput {
  readonly sync: string;
  readonly run: string;
  /** What the run would send, and what it may send unasked. */
  readonly size: RunSize;
  readonly limits: RunSize;
}

export function holdRun({ ledger, log }: ActivityDependencies) {
  return async ({ sync, run, size, limits }: HoldRunInput): Promise<void> => {
    await ledger.runs.hold(run, { ...size, limits, since: new Date().toISOString(), answer: null });
    log.warn({ sync, run, ...size }, 'run held: it waits for approval');
  };
}
