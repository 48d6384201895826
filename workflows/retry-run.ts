/** A run that sends rejected rows again. It holds the lock of its sync, and leaves the watermark where it is. */
import {
  ApplicationFailure,
  CancellationScope,
  continueAsNew,
  ContinueAsNew,
  isCancellation,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { RunStart } from '../activities/read-watermark.ts';
import { ERROR_RULES } from '../model/errors.ts';
import {
  type LeftCounts,
  NONE_LEFT,
  type RetryCursor,
  type RetryRequest,
  addLeft,
  leftSentences,
} from '../model/retry.ts';
import { step } from './activity-options.ts';
import { type RunReport, closeRun, tellOf } from './close-run.ts';
import { failureOf } from './failure.ts';
import { Progress, grouped } from './progress.ts';
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

  try {
    upsertSearchAttributes([
      { key: SYNC_NAME, value: sync },
      { key: SYNC_TRIGGER, value: 'retry' },
    ]);
    const source = await step('testConnection', `source of ${sync}`, { sync, run, trigger: 'retry' });
    upsertSearchAttributes([{ key: SYNC_DATA_TYPE, value: source.dataType }]);
    if (!continued) await step('recordRetry', `asked by ${request.by}`, { sync, run, request });
    const start = await step('readWatermark', `${source.source} in ${source.warehouse}`, {
      sync,
      run,
      upper,
    });
    upper = start.upper;
    for (const closed of start.closedRuns) await tellOf(sync, closed, 'ended outside');
    const progress = new Progress(`${sync}: rejected rows to ${source.workspace}`, start.counts);
    progress.at('Looking up the rejected rows.');
    for (let segment = 1, isLast = false; !isLast; segment += 1) {
      isLast = await sendSegment(segment, start, progress);
      if (!isLast && workflowInfo().continueAsNewSuggested) return await goOn(continued?.lostPages ?? 0);
    }
    return await closeRun({ sync, run }, undefined, leftSentences(done.left));
  } catch (error) {
    if (error instanceof ContinueAsNew) throw error;
    const failure = failureOf(error);
    if (failure.type === 'superseded') return continueAsNew<typeof retryRun>({ sync, request });
    const lostPages = (continued?.lostPages ?? 0) + 1;
    if (failure.type === 'staging_lost' && lostPages <= LOST_PAGES_LIMIT) return goOn(lostPages);
    const report = await CancellationScope.nonCancellable(() =>
      closeRun({ sync, run }, failure, leftSentences(done.left)),
    );
    if (isCancellation(error)) throw error;
    throw ApplicationFailure.create({
      type: failure.type,
      message: `${failure.message} ${ERROR_RULES[failure.type].hint}`,
      nonRetryable: true,
      details: [report],
    });
  }

  /** @returns whether it was the last */
  async function sendSegment(segment: number, start: RunStart, progress: Progress): Promise<boolean> {
    const { place, pages, rows, left, last, end } = await step('extractRejected', `segment ${segment}`, {
      place: { sync, run, epoch: start.epoch, segment },
      request,
      after: done.after,
      watermark: start.from,
      upper: start.upper,
      rows: Math.min(SEGMENT_ROWS, start.options.segmentRows),
      pageRows: start.options.pageRows,
    });
    if (rows > 0) {
      await step('validate', `segment ${segment}, ${grouped(rows)} rows`, { place, pages });
      const counts = await step('upload', `segment ${segment}, ${grouped(rows)} rows`, { place, pages });
      await step('commitRetry', `segment ${segment}`, { place });
      progress.at(`Segment ${segment} is sent.`, counts);
    }
    done = { after: last, left: addLeft(done.left, left) };
    return end;
  }

  function goOn(lostPages: number): Promise<never> {
    return continueAsNew<typeof retryRun>({
      sync,
      request,
      ...(upper === undefined ? {} : { continued: { ...done, run, upper, lostPages } }),
    });
  }
}
