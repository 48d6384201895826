/** The end of a run, however it ended: its record is closed, its epoch too, and its staging is emptied. */
import type { DataType } from '../model/data-type.ts';
import type { ErrorType } from '../model/errors.ts';
import type { RunCounts, RunStatus } from '../model/run.ts';
import { NO_COUNTS } from '../model/run.ts';
import { runOutcome } from '../model/run-outcome.ts';
import { parseDuration } from '../model/duration.ts';
import { runSignals } from '../notify/decide.ts';
import { reportedError } from '../notify/run-report.ts';
import type { RunRecord } from '../store/runs.ts';
import type { SyncDefinition } from '../model/definitions.ts';
import type { Ledger } from '../store/ledger.ts';
import type { ActivityDependencies } from './dependencies.ts';
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
  /** Whether something follows from it: somebody is to be told, an incident has opened or is over. */
  readonly isTold: boolean;
}

export function finishRun({ ledger, staging, metrics, log }: ActivityDependencies) {
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
    metrics.runEnded(sync, status, seconds);
    log.info({ sync, run, status, ...counts, seconds, type: failure?.type }, 'run ended');
    const isTold = definition !== undefined && (await hasFollowUp(ledger, record, definition));
    return { status, dataType, counts, watermark: watermarkAfter, seconds, warnings, isTold };
  };
}

async function hasFollowUp(ledger: Ledger, record: RunRecord, definition: SyncDefinition): Promise<boolean> {
  const { sync, status } = record;
  if (status === 'running') return false;
  const open = await ledger.incidents.open({ type: 'sync', name: sync });
  const { event, raised, closed } = runSignals(
    { ...record, status, error: reportedError(record) },
    definition.notifications,
    open.map(({ kind }) => kind),
    definition.options.max_rows_per_run,
  );
  return event !== undefined || raised.length + closed.length > 0;
}
