/** One run of a sync. */
import {
  CancellationScope,
  continueAsNew,
  ContinueAsNew,
  isCancellation,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { RunSize } from '../model/guard.ts';
import type { Trigger } from '../model/run.ts';
import { type RunReport, closeRun, tellOf } from './close-run.ts';
import { endingFailure, failureOf } from './failure.ts';
import { Answers, passGuard } from './guard.ts';
import { Progress } from './progress.ts';
import type { RefreshCursor } from './reading-order.ts';
import { requireOwnId } from './run-lock.ts';
import { SYNC_DATA_TYPE, SYNC_NAME, SYNC_TRIGGER } from './search-attributes.ts';
import { sendSegments } from './send-segments.ts';

export interface SyncRunInput {
  readonly sync: string;
  readonly trigger: Trigger;
  /** Set where a run goes on in a new workflow execution. */
  readonly continued?: ContinuedRun;
}

interface ContinuedRun {
  readonly run: string;
  readonly upper: string;
  /** What it may send, where that is settled: it is not asked again. */
  readonly limits?: RunSize | undefined;
  /** Where a table that is read whole goes on. */
  readonly refreshAfter?: RefreshCursor;
  /** How often pages were lost. */
  readonly lostPages: number;
}

/** Staged pages that vanish again and again are a fault of the machine, not of a moment. */
const LOST_PAGES_LIMIT = 3;

export async function syncRun(input: SyncRunInput): Promise<RunReport> {
  const { sync, trigger, continued } = input;
  requireOwnId(sync);
  const answers = new Answers();
  const run = continued?.run ?? workflowInfo().runId;
  let upper = continued?.upper;
  let limits = continued?.limits;
  const progress = new Progress(sync);

  try {
    upsertSearchAttributes([
      { key: SYNC_NAME, value: sync },
      { key: SYNC_TRIGGER, value: trigger },
    ]);
    const source = await progress.step('testConnection', `source of ${sync}`, { sync, run, trigger });
    upsertSearchAttributes([{ key: SYNC_DATA_TYPE, value: source.dataType }]);
    const start = await progress.step('readWatermark', `${source.source} in ${source.warehouse}`, {
      sync,
      run,
      upper,
    });
    upper = start.upper;
    for (const closed of start.closedRuns) await tellOf(sync, closed, 'ended outside');
    if (limits === undefined && source.isGuarded) {
      const guarded = { sync, run, source: source.source, from: start.from, upper, limits: source.limits };
      const passed = await passGuard(guarded, answers, progress);
      limits = passed.limits;
      progress.expects({ unit: 'rows', total: passed.rows, isExact: false });
    }
    limits ??= source.limits;
    progress.begins(`${source.source} to the workspace ${source.workspace}`, start.counts);
    progress.reads(start);
    const sent = await sendSegments({
      sync,
      run,
      start,
      progress,
      limits: source.dataType === 'user_deletes' ? allDeletes(limits) : limits,
      refreshAfter: continued?.refreshAfter ?? null,
    });
    if (sent.outcome === 'continue') {
      return await continueAsNew<typeof syncRun>({
        sync,
        trigger,
        continued: {
          run,
          upper,
          limits: { ...limits, deletes: limits.deletes - sent.deletes },
          refreshAfter: sent.refreshAfter,
          lostPages: continued?.lostPages ?? 0,
        },
      });
    }
    return await closeRun({ sync, run, progress }, undefined);
  } catch (error) {
    if (error instanceof ContinueAsNew) throw error;
    const failure = failureOf(error);
    if (failure.type === 'superseded') return continueAsNew<typeof syncRun>({ sync, trigger });
    const lostPages = (continued?.lostPages ?? 0) + 1;
    if (failure.type === 'staging_lost' && upper !== undefined && lostPages <= LOST_PAGES_LIMIT) {
      return continueAsNew<typeof syncRun>({ sync, trigger, continued: { run, upper, limits, lostPages } });
    }
    const report = await CancellationScope.nonCancellable(() => closeRun({ sync, run, progress }, failure));
    if (isCancellation(error)) throw error;
    throw endingFailure(failure, report);
  }
}

/** Every row of a sync of user deletes is a delete. */
function allDeletes(limits: RunSize): RunSize {
  return { ...limits, rows: Math.min(limits.rows, limits.deletes) };
}
