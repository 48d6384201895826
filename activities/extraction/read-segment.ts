/** Reads one segment: rows in UPDATED_AT order, whole instants only, without those that are handled already. */
import type { SourceRow } from '../../model/row.ts';
import { DigestList } from '../rows/digest-list.ts';
import { DigestMultiset } from '../rows/digest-multiset.ts';
import { RowPageWriter } from '../rows/row-page.ts';
import type { ReadRange } from '../warehouses/warehouse.ts';

export interface SegmentRequest {
  readonly range: ReadRange;
  /** Rows after which the segment ends with the instant it is in. */
  readonly ceiling: number;
  /** Bytes after which it does. */
  readonly ceilingBytes: number;
  readonly pageRows: number;
  readonly pageBytes: number;
}

export interface SegmentParts {
  /** Reads rows of a range in order, at most `limit`. */
  readonly read: (range: ReadRange, limit: number) => AsyncIterable<SourceRow[]>;
  readonly handled: HandledRows;
  readonly writePage: (page: number, bytes: Buffer) => Promise<void>;
  /** Called as pages are written. */
  readonly progress: (counts: { rowsRead: number; pages: number }) => void;
}

/** Digests of rows that are handled already; what is met is taken out of them. */
export interface HandledRows {
  /** At the instant at which the range begins. */
  readonly atFrom: DigestMultiset;
  /** After it. */
  readonly beyond: DigestMultiset;
}

export interface SegmentContent {
  /** Rows per page. */
  readonly pages: readonly number[];
  /** New rows, and rows that were met but are handled already. */
  readonly rows: number;
  readonly skipped: number;
  readonly bytes: number;
  /** The last instant that was met, null where no row was; with the digests of all rows met at it. */
  readonly last: string | null;
  readonly lastDigests: Buffer;
  /** Whether nothing is left up to the upper bound. */
  readonly end: boolean;
}

/**
 * Reads up to the ceiling, then the rest of the instant it ended in. A row is new unless its digest is in `handled`;
 * identical rows are kept apart by count.
 */
export async function readSegment(request: SegmentRequest, parts: SegmentParts): Promise<SegmentContent> {
  const page = new RowPageWriter();
  const pages: number[] = [];
  let rows = 0;
  let skipped = 0;
  let bytes = 0;
  let last: string | null = null;
  /** Of the rows met at the instant `last`. */
  const atLast = new DigestList();

  const turnPage = async (): Promise<void> => {
    if (page.rows === 0) return;
    pages.push(page.rows);
    bytes += page.bytes;
    await parts.writePage(pages.length - 1, page.finish());
    parts.progress({ rowsRead: rows, pages: pages.length });
  };

  const take = (row: SourceRow, seen?: DigestMultiset): void => {
    const digest = page.add(row);
    if (seen?.take(digest)) {
      page.undo();
      return;
    }
    if (row.updatedAt !== last) {
      last = row.updatedAt;
      atLast.clear();
    }
    atLast.add(digest);
    const handled = row.updatedAt === request.range.from ? parts.handled.atFrom : parts.handled.beyond;
    if (handled.take(digest)) {
      page.undo();
      skipped += 1;
    } else rows += 1;
  };

  const readAll = async (groups: AsyncIterable<SourceRow[]>, seen?: DigestMultiset): Promise<number> => {
    let met = 0;
    for await (const group of groups) {
      for (const row of group) {
        take(row, seen);
        if (page.rows >= request.pageRows || page.bytes >= request.pageBytes) await turnPage();
      }
      met += group.length;
      if (seen === undefined && bytes + page.bytes >= request.ceilingBytes) return Infinity;
    }
    return met;
  };

  const met = await readAll(parts.read(request.range, request.ceiling));
  const end = met < request.ceiling;
  if (!end && last !== null) {
    const seen = DigestMultiset.of([atLast.bytes]);
    await readAll(parts.read({ from: last, inclusive: true, to: last }, Infinity), seen);
  }
  await turnPage();
  return { pages, rows, skipped, bytes, last, lastDigests: atLast.bytes, end };
}
