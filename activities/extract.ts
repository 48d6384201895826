/** Extraction: streams one segment of new rows from the warehouse into staged pages. */
import { Context } from '@temporalio/activity';
import { CdiError } from '../model/errors.ts';
import type { Ledger } from '../store/ledger.ts';
import { epochHolder } from './caller.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { type HandledRows, readSegment } from './extraction/read-segment.ts';
import { withHeartbeat } from './heartbeat.ts';
import { DigestMultiset } from './rows/digest-multiset.ts';
import { SegmentFiles, type SegmentPlace, type StagedSegment } from './upload/segment-pages.ts';
import { withSource } from './warehouses/open-source.ts';

export interface ExtractInput {
  readonly place: SegmentPlace;
  readonly from: string | null;
  /** Whether rows at `from` itself are read; only the first segment of a run does. */
  readonly inclusive: boolean;
  readonly upper: string;
  /** Ceiling of this segment, in rows. */
  readonly rows: number;
  readonly pageRows: number;
  /** New rows of the run before this segment, and its ceiling. */
  readonly readBefore: number;
  readonly maxRows: number;
}

export interface ExtractedSegment {
  readonly place: StagedSegment;
  readonly pages: number;
  readonly rows: number;
  readonly skipped: number;
  readonly bytes: number;
  /** Last instant met: the next segment begins after it. Null where no row was met. */
  readonly last: string | null;
  readonly end: boolean;
}

const PAGE_BYTES = 32 << 20;
const SEGMENT_BYTES = 256 << 20;

/**
 * What is handled at the watermark's own instant is what its commit says, and what was confirmed after that commit;
 * an older confirmation that reaches beyond the instant may repeat digests of the commit.
 */
async function handledRows(ledger: Ledger, { place, from, inclusive }: ExtractInput): Promise<HandledRows> {
  const groups = await ledger.uploads.handled(place.sync, from);
  const beyond = DigestMultiset.of(groups.map(({ digests }) => digests));
  if (!inclusive) return { atFrom: new DigestMultiset(), beyond };
  const watermark = await ledger.watermarks.get(place.sync);
  const isNewer = (group: { epoch: number; segment: number }): boolean =>
    !watermark ||
    group.epoch > watermark.epoch ||
    (group.epoch === watermark.epoch && group.segment > watermark.segment);
  const newer = groups.filter(isNewer).map(({ digests }) => digests);
  return { atFrom: DigestMultiset.of(watermark ? [watermark.digests, ...newer] : newer), beyond };
}

/** @throws CdiError `limit_exceeded` where the run has more rows than it may; the warehouse's and staging's classes */
export function extract({ ledger, staging }: ActivityDependencies) {
  return async (input: ExtractInput): Promise<ExtractedSegment> =>
    withHeartbeat(async (signal, tell) => {
      const place: StagedSegment = { ...input.place, attempt: Context.current().info.attempt };
      const { definition } = await ledger.definitions.sync(place.sync);
      const holder = epochHolder(place.sync, place.epoch);
      const files = new SegmentFiles(staging, place);
      await files.remove();
      const handled = await handledRows(ledger, input);

      const label = `braze-cdi ${place.sync} ${place.run}`;
      const content = await withSource(ledger, definition, { signal, label }, (source) =>
        readSegment(
          {
            range: { from: input.from, inclusive: input.inclusive, to: input.upper },
            ceiling: input.rows,
            ceilingBytes: SEGMENT_BYTES,
            pageRows: input.pageRows,
            pageBytes: PAGE_BYTES,
          },
          {
            read: (range, limit) => source.connection.read(definition.source, source.columns, range, limit),
            handled,
            writePage: (page, bytes) => files.writeRows(page, bytes),
            progress: tell,
          },
        ),
      );
      signal.throwIfAborted();
      const { pages, rows, skipped, bytes, last, lastDigests, end } = content;
      if (input.readBefore + rows > input.maxRows) {
        throw new CdiError('limit_exceeded', `More than ${input.maxRows} new rows are waiting.`);
      }
      if (last !== null) await files.writeTail({ value: last, digests: lastDigests });
      await ledger.uploads.open(holder, place.run, place.segment, rows);
      return { place, pages: pages.length, rows, skipped, bytes, last, end };
    });
}
