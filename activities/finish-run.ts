/** The end of a run, however it ended: its record is closed, its epoch too, and its staging is emptied. */
import type { DataType } from '../model/data-type.ts';
import type { ErrorType } from '../model/errors.ts';
import type { RunCounts, RunStatus } from '../model/run.ts';
import { NO_COUNTS } from '../model/run.ts';
import { runOutcome } from '../model/run-outcome.ts';
import { parseDuration } from '../model/duration.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { decideNotification } from './notify/decide.ts';
import { reportedError } from './notify/run-report.ts';
import { runFolder } from './staging/staging.ts';

export interface FinishRunInput {
  readonly sync: string;
  readonly run: string;
  readonly failure?:
    { readonly type: ErrorType; readonly message: string; readonly code: string | null } | undefined;
  /** What else is to be told of the run. */
  readonly warnings?: readonly string[];
}

/** What a run came to; the workflow's result is made of it. */
export interface FinishedRun {
  readonly status: RunStatus;
  /** Undefined where the run failed before it was known. */
  readonly dataType: DataType | undefined;
  readonly counts: RunCounts;
  readonly watermark: string | null;
  readonly seconds: number;
  readonly warnings: readonly string[];
  /** Whether somebody asked to be told of it. */
  readonly isTold: boolean;
}

export function finishRun({ ledger, staging, log }: ActivityDependencies) {
  return async ({ sync, run, failure, warnings: told = [] }: FinishRunInput): Promise<FinishedRun> => {
    for (const warning of told) await ledger.runs.addWarning(run, warning);
    const record = await ledger.runs.finish(run, (counts) => ({
      status: runOutcome(counts, failure?.type),
      error: failure ?? null,
    }));
    const definition = await ledger.definitions.sync(sync).then(
      (found) => found.definition,
      () => undefined,
    );
    const keep = parseDuration(definition?.options.keep_rows ?? '0s') ?? 0;
    if (keep === 0) await staging.remove(runFolder(sync, run));
    if (!record)
      return {
        status: runOutcome(NO_COUNTS, failure?.type),
        dataType: undefined,
        counts: NO_COUNTS,
        watermark: null,
        seconds: 0,
        warnings: [],
        isTold: false,
      };
    const { status, dataType, counts, watermarkAfter, startedAt, finishedAt, warnings } = record;
    const seconds = ((finishedAt ?? startedAt).getTime() - startedAt.getTime()) / 1_000;
    log.info({ sync, run, status, ...counts, seconds, type: failure?.type }, 'run ended');
    const isTold =
      definition !== undefined &&
      status !== 'running' &&
      decideNotification({ status, counts, error: reportedError(record) }, definition.notifications) !==
        undefined;
    return { status, dataType, counts, watermark: watermarkAfter, seconds, warnings, isTold };
  };
}
