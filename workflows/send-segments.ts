/**
 * The heart of a run: while one segment uploads, the next is validated and the one after is extracted, and no more
 * is staged. The watermark is committed after each segment.
 */
import { CancellationScope, workflowInfo } from '@temporalio/workflow';
import type { ExtractedSegment } from '../activities/extract.ts';
import type { RunStart } from '../activities/read-watermark.ts';
import type { RunCounts } from '../model/run.ts';
import { step } from './activity-options.ts';
import { type Progress, grouped } from './progress.ts';

export interface SegmentsInput {
  readonly sync: string;
  readonly run: string;
  readonly start: RunStart;
  readonly progress: Progress;
}

/** @returns `end` where everything up to the upper bound is delivered, `continue` where history has grown long */
export async function sendSegments({
  sync,
  run,
  start,
  progress,
}: SegmentsInput): Promise<'end' | 'continue'> {
  const { epoch, upper, options } = start;
  let rows = options.pageRows;
  let read = start.counts.read;
  let number = 0;

  const extract = async (from: string | null): Promise<ExtractedSegment> => {
    number += 1;
    const place = { sync, run, epoch, segment: number };
    const ceiling = Math.min(rows, options.segmentRows);
    rows = Math.min(rows * 2, options.segmentRows);
    const segment = await step('extract', `segment ${number}, up to ${grouped(ceiling)} rows`, {
      place,
      from,
      inclusive: number === 1,
      upper,
      rows: ceiling,
      pageRows: options.pageRows,
      readBefore: read,
      maxRows: options.maxRows,
    });
    read += segment.rows;
    progress.at(`Segment ${segment.place.segment} is read.`, { read });
    return segment;
  };

  const validate = async ({ place, pages, rows: count }: ExtractedSegment): Promise<void> => {
    if (pages > 0)
      await step('validate', `segment ${place.segment}, ${grouped(count)} rows`, { place, pages });
  };

  const deliver = async (
    { place, pages, rows: count, last }: ExtractedSegment,
    validated: Promise<void>,
  ): Promise<void> => {
    await validated;
    const nothingNew = last === null || (count === 0 && last === start.from);
    if (nothingNew) return;
    const counts: RunCounts = await step('upload', `segment ${place.segment}, ${grouped(count)} rows`, {
      place,
      pages,
    });
    const watermark = await step('commitWatermark', `segment ${place.segment}, up to ${last}`, { place });
    progress.at(`Delivered up to ${watermark}.`, counts);
  };

  return CancellationScope.cancellable(async () => {
    let outcome: 'end' | 'continue' = 'end';
    let delivering: Promise<void> = Promise.resolve();
    let extracting: Promise<ExtractedSegment | undefined> = extract(start.from);
    try {
      for (let segment = await extracting; segment; segment = await extracting) {
        const validated = observed(validate(segment));
        if (!segment.end && workflowInfo().continueAsNewSuggested) outcome = 'continue';
        const isLast = segment.end || outcome === 'continue';
        extracting = observed(isLast ? Promise.resolve(undefined) : extract(segment.last));
        await delivering;
        delivering = observed(deliver(segment, validated));
      }
      await delivering;
      return outcome;
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

/** Marks a promise as looked after: its failure is met where it is awaited. */
function observed<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
