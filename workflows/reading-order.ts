/**
 * What a run reads, stretch after stretch: rows that turned up late, then on from the watermark to the upper bound,
 * and instants with more rows than a segment may hold in parts.
 */
import type { ExtractedSegment } from '../activities/extract.ts';
import type { Stretch } from '../activities/extraction/stretch.ts';
import type { PlanPartsInput, PlannedParts } from '../activities/plan-parts.ts';
import type { RunStart } from '../activities/read-watermark.ts';
import { FULL_REFRESH } from '../model/full-refresh.ts';

/** Where a table that is read whole goes on after a continue-as-new: behind the share that begins here. */
export type RefreshCursor = string | null;

export interface ReadingOrderInput {
  readonly sync: string;
  readonly run: string;
  readonly start: RunStart;
  readonly refreshAfter: RefreshCursor;
  /** Divides an instant into parts, once everything that was read is committed. */
  readonly planParts: (request: PlanPartsInput) => Promise<PlannedParts>;
}

/** Yields what to read next, and is told what that brought. */
export type ReadingOrder = AsyncGenerator<Stretch, void, ExtractedSegment>;

export async function* readingOrder(input: ReadingOrderInput): ReadingOrder {
  const { start } = input;
  if (start.isRefresh) {
    yield* parts(input, FULL_REFRESH, start.options.segmentRows, input.refreshAfter);
    return;
  }
  if (start.lateAfter !== null && start.from !== null) yield* late(start.lateAfter, start.from);
  if (start.hasParts && start.from !== null) yield* parts(input, start.from, start.options.segmentRows, null);
  let { from } = start;
  let inclusive = !start.hasParts;
  for (;;) {
    const segment = yield { kind: 'range', from, inclusive };
    from = segment.last ?? from;
    inclusive = false;
    if (segment.openInstantRows !== undefined && from !== null)
      yield* parts(input, from, segment.openInstantRows, null);
    if (segment.end) return;
  }
}

async function* late(after: string, before: string): ReadingOrder {
  for (;;) {
    const segment = yield { kind: 'late', after, before };
    if (segment.end) return;
    after = segment.last ?? after;
  }
}

async function* parts(
  { sync, run, start, planParts }: ReadingOrderInput,
  instant: string,
  ceiling: number,
  from: RefreshCursor,
): ReadingOrder {
  let after: string | null = from;
  for (;;) {
    const planned = await planParts({ sync, run, epoch: start.epoch, instant, ceiling, after });
    for (const [index, { low, high }] of planned.parts.entries()) {
      const isLast = planned.isAll && index === planned.parts.length - 1;
      yield { kind: 'part', instant, share: { low, high }, isLast };
      after = low;
    }
    if (planned.isAll) return;
  }
}
