/**
 * The heart of a run: while one segment uploads, the next is validated and the one after is extracted, and no more
 * is staged. The watermark is committed after each segment.
 */
import { CancellationScope, condition, workflowInfo } from '@temporalio/workflow';
import type { ExtractedSegment } from '../activities/extract.ts';
import type { Stretch } from '../activities/extraction/stretch.ts';
import type { PlanPartsInput, PlannedParts } from '../activities/plan-parts.ts';
import type { RunStart } from '../activities/read-watermark.ts';
import { FULL_REFRESH } from '../model/full-refresh.ts';
import type { RunSize } from '../model/guard.ts';
import type { RunCounts } from '../model/run.ts';
import { grouped } from './current-details.ts';
import type { Progress } from './progress.ts';
import { type RefreshCursor, readingOrder } from './reading-order.ts';
import { RunExtent } from './run-extent.ts';

/** The first segment is small, so that the first row is at Braze at once; a usual run needs no other. */
const FIRST_PAGES = 2;
/** Between two segments the requests in flight run out, so a long run should soon have large ones. */
const GROWTH = 4;

export interface SegmentsInput {
  readonly sync: string;
  readonly run: string;
  readonly start: RunStart;
  readonly progress: Progress;
  /** What the run may send. */
  readonly limits: RunSize;
  /** Where a table that is read whole goes on. */
  readonly refreshAfter: RefreshCursor;
}

export interface SegmentsOutcome {
  /** `end` where everything up to the upper bound is delivered, `continue` where history has grown long. */
  readonly outcome: 'end' | 'continue';
  readonly refreshAfter: RefreshCursor;
  /** Rows read here that carry DELETED. */
  readonly deletes: number;
}

export async function sendSegments(input: SegmentsInput): Promise<SegmentsOutcome> {
  const { sync, run, start, progress, limits } = input;
  const { epoch, upper, options } = start;
  let rows = Math.min(options.pageRows * FIRST_PAGES, options.segmentRows);
  let read = start.counts.read;
  let deletes = 0;
  let number = 0;
  let undelivered = 0;
  const extent = new RunExtent(progress);
  let { refreshAfter } = input;
  let delivering: Promise<void> = Promise.resolve();
  let isBroken = false;
  const planParts = async (request: PlanPartsInput): Promise<PlannedParts> => {
    // What was read of the instant is known only once it is committed.
    await condition(() => undelivered === 0 || isBroken);
    if (isBroken) await delivering;
    const planned = await progress.step(
      'planParts',
      `parts of ${request.instant === FULL_REFRESH ? 'the whole table' : request.instant}`,
      request,
    );
    extent.planned(request.instant, planned);
    return planned;
  };
  const order = readingOrder({ sync, run, start, refreshAfter, planParts });

  const extract = async (before: ExtractedSegment | undefined): Promise<ExtractedSegment | undefined> => {
    const next = before ? await order.next(before) : await order.next();
    if (next.done) return undefined;
    const stretch = next.value;
    number += 1;
    const ceiling = rows;
    if (stretch.kind === 'range') rows = Math.min(rows * GROWTH, options.segmentRows);
    const segment = await progress.step('extract', `segment ${number}, ${described(stretch, ceiling)}`, {
      place: { sync, run, epoch, segment: number },
      stretch,
      upper,
      rows: ceiling,
      instantRows: options.segmentRows,
      pageRows: options.pageRows,
      readBefore: { rows: read, deletes },
      limits,
      ahead: extent.asks(stretch, read),
    });
    undelivered += 1;
    read += segment.rows;
    deletes += segment.deletes;
    if (stretch.kind === 'part' && stretch.instant === FULL_REFRESH) refreshAfter = stretch.share.low;
    extent.read(stretch, segment, read);
    return segment;
  };

  const validate = async ({ place, pages, rows: count, isLate }: ExtractedSegment): Promise<void> => {
    if (pages > 0)
      await progress.step('validate', `segment ${place.segment}, ${grouped(count)} rows`, {
        place,
        pages,
        isLate,
      });
  };

  const commit = async ({ place, pages, rows: count, last }: ExtractedSegment): Promise<string | null> => {
    const counts: RunCounts = await progress.step(
      'upload',
      `segment ${place.segment}, ${grouped(count)} rows`,
      { place, pages },
    );
    progress.counted(counts);
    return await progress.step('commitWatermark', `segment ${place.segment}, up to ${last}`, { place });
  };

  const deliver = async (segment: ExtractedSegment, validated: Promise<void>): Promise<void> => {
    try {
      await validated;
      const watermark = segment.isEmpty ? null : await commit(segment);
      undelivered -= 1;
      progress.delivered(watermark);
    } catch (error) {
      isBroken = true;
      throw error;
    }
  };

  return CancellationScope.cancellable(async () => {
    let outcome: SegmentsOutcome['outcome'] = 'end';
    let extracting = observed(extract(undefined));
    try {
      for (let segment = await extracting; segment; segment = await extracting) {
        const validated = observed(validate(segment));
        if (workflowInfo().continueAsNewSuggested) outcome = 'continue';
        extracting = observed(outcome === 'continue' ? Promise.resolve(undefined) : extract(segment));
        await delivering;
        delivering = observed(deliver(segment, validated));
      }
      await delivering;
      return { outcome, refreshAfter, deletes };
    } catch (error) {
      // What was read before the failure is still delivered, unless delivery itself is what failed.
      await delivering;
      throw error;
    } finally {
      CancellationScope.current().cancel();
      await Promise.allSettled([delivering, extracting]);
    }
  });
}

function described(stretch: Stretch, ceiling: number): string {
  if (stretch.kind === 'range') return `up to ${grouped(ceiling)} rows`;
  if (stretch.kind === 'late') return 'late rows';
  const { low, high } = stretch.share;
  return `part ${low} to ${high}`;
}

/** Marks a promise as looked after: its failure is met where it is awaited. */
function observed<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
