/** A run that sends rejected rows again. It holds the lock of its sync, and leaves the watermark where it is. */
import {
  CancellationScope,
  continueAsNew,
  ContinueAsNew,
  isCancellation,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { RunStart } from '../activities/read-watermark.ts';
import {
  type LeftCounts,
  NONE_LEFT,
  type RetryCursor,
  type RetryRequest,
  addLeft,
  leftSentences,
} from '../model/retry.ts';
import { type RunReport, closeRun, tellOf } from './close-run.ts';
import { grouped } from './current-details.ts';
import { endingFailure, failureOf } from './failure.ts';
import { Progress } from './progress.ts';
import { requireOwnId } from './run-lock.ts';
import { SYNC_DATA_TYPE, SYNC_NAME, SYNC_TRIGGER } from './search-attributes.ts';

export interface RetryRunInput {
  readonly sync: string;
  readonly request: RetryRequest;
  /** Set where the run goes on in a new workflow execution. */
  readonly continued?: RetryProgress & {
    readonly run: string;
    readonly upper: string;
    readonly lostPages: number;
  };
}

/** How far a retry is: everything up to `after` is dealt with. */
interface RetryProgress {
  readonly after: RetryCursor | null;
  readonly left: LeftCounts;
}

/** Staged pages that vanish again and again are a fault of the machine, not of a moment. */
const LOST_PAGES_LIMIT = 3;
/** Rejected rows per segment at most: their ids and digests lie in memory together. */
const SEGMENT_ROWS = 50_000;

export async function retryRun(input: RetryRunInput): Promise<RunReport> {
  const { sync, request, continued } = input;
  requireOwnId(sync);
  const run = continued?.run ?? workflowInfo().runId;
  let upper = continued?.upper;
  let done: RetryProgress = { after: continued?.after ?? null, left: continued?.left ?? NONE_LEFT };
  let offered: number | undefined;
  const progress = new Progress(sync);

  try {
    upsertSearchAttributes([
      { key: SYNC_NAME, value: sync },
      { key: SYNC_TRIGGER, value: 'retry' },
    ]);
    const source = await progress.step('testConnection', `source of ${sync}`, {
      sync,
      run,
      trigger: 'retry',
    });
    upsertSearchAttributes([{ key: SYNC_DATA_TYPE, value: source.dataType }]);
    if (!continued)
      offered = await progress.step('recordRetry', `asked by ${request.by}`, { sync, run, request });
    const start = await progress.step('readWatermark', `${source.source} in ${source.warehouse}`, {
      sync,
      run,
      upper,
    });
    upper = start.upper;
    for (const closed of start.closedRuns) await tellOf(sync, closed, 'ended outside');
    progress.begins(`rejected rows of ${source.source} to the workspace ${source.workspace}`, start.counts);
    expectOffered();
    for (let segment = 1, isLast = false; !isLast; segment += 1) {
      isLast = await sendSegment(segment, start);
      if (!isLast && workflowInfo().continueAsNewSuggested) return await goOn(continued?.lostPages ?? 0);
    }
    return await closeRun({ sync, run, progress }, undefined, leftSentences(done.left));
  } catch (error) {
    if (error instanceof ContinueAsNew) throw error;
    const failure = failureOf(error);
    if (failure.type === 'superseded') return continueAsNew<typeof retryRun>({ sync, request });
    const lostPages = (continued?.lostPages ?? 0) + 1;
    if (failure.type === 'staging_lost' && lostPages <= LOST_PAGES_LIMIT) return goOn(lostPages);
    const report = await CancellationScope.nonCancellable(() =>
      closeRun({ sync, run, progress }, failure, leftSentences(done.left)),
    );
    if (isCancellation(error)) throw error;
    throw endingFailure(failure, report);
  }

  /** @returns whether it was the last */
  async function sendSegment(segment: number, start: RunStart): Promise<boolean> {
    const { place, pages, rows, left, last, end } = await progress.step(
      'extractRejected',
      `segment ${segment}`,
      {
        place: { sync, run, epoch: start.epoch, segment },
        request,
        after: done.after,
        watermark: start.from,
        upper: start.upper,
        rows: Math.min(SEGMENT_ROWS, start.options.segmentRows),
        pageRows: start.options.pageRows,
      },
    );
    if (rows > 0) {
      await progress.step('validate', `segment ${segment}, ${grouped(rows)} rows`, { place, pages });
      const counts = await progress.step('upload', `segment ${segment}, ${grouped(rows)} rows`, {
        place,
        pages,
      });
      progress.counted(counts);
      await progress.step('commitRetry', `segment ${segment}`, { place });
    }
    done = { after: last, left: addLeft(done.left, left) };
    expectOffered();
    return end;
  }

  /** What is left alone is not to do. */
  function expectOffered(): void {
    if (offered === undefined) return;
    const leftAlone = Object.values(done.left).reduce((sum, rows) => sum + rows, 0);
    progress.expects({ unit: 'rows', total: offered - leftAlone, isExact: false });
  }

  function goOn(lostPages: number): Promise<never> {
    return continueAsNew<typeof retryRun>({
      sync,
      request,
      ...(upper === undefined ? {} : { continued: { ...done, run, upper, lostPages } }),
    });
  }
}
