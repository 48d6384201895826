/** Reads one segment: rows in UPDATED_AT order, whole instants only, without those that are handled already. */
import type { SourceRow } from '../../model/row.ts';
import { DigestMultiset } from '../rows/digest-multiset.ts';
import type { ReadRange } from '../warehouses/warehouse.ts';
import type { SegmentRows } from './segment-rows.ts';

export interface SegmentRequest {
  readonly range: ReadRange;
  /** Rows after which the segment ends with the instant it is in. */
  readonly ceiling: number;
  /** Bytes after which it does. */
  readonly ceilingBytes: number;
  /** Rows beyond which an instant is left open, to be read in parts. */
  readonly instantCeiling: number;
}

export interface SegmentEnd {
  /** Whether nothing is left up to the end of the range. */
  readonly end: boolean;
  /** Whether the last instant that was met holds more rows than a segment may; the rest of it is read in parts. */
  readonly isOpen: boolean;
}

/** Reads rows of a range in order, at most `limit`. */
export type Read = (range: ReadRange, limit: number) => AsyncIterable<SourceRow[]>;

/** Reads up to the ceiling, then the rest of the instant it ended in, unless that is too much for a segment. */
export async function readSegment(
  request: SegmentRequest,
  read: Read,
  rows: SegmentRows,
): Promise<SegmentEnd> {
  const met = await readAll(read(request.range, request.ceiling), rows, request.ceilingBytes);
  const { last } = rows;
  const end = met < request.ceiling;
  let isOpen = false;
  if (!end && last !== null) {
    const limit = request.instantCeiling + 1;
    const seen = DigestMultiset.of([rows.atLast.bytes]);
    const instant = { from: last, inclusive: true, to: last };
    const metAtLast = await readAll(read(instant, limit), rows, rows.bytes + request.ceilingBytes, seen);
    isOpen = metAtLast >= limit;
  }
  await rows.turnPage();
  return { end, isOpen };
}

/** Reads one share of an instant, or of a table that is read whole. */
export async function readPart(range: ReadRange, read: Read, rows: SegmentRows): Promise<void> {
  await readAll(read(range, Infinity), rows, Infinity);
  await rows.turnPage();
}

/** Reads on until enough new rows were met, then to the end of the instant. */
export async function readLate(
  range: ReadRange,
  ceiling: number,
  read: Read,
  rows: SegmentRows,
): Promise<SegmentEnd> {
  for await (const group of read(range, Infinity)) {
    if (rows.rows + group.length < ceiling) {
      await rows.add(group);
      continue;
    }
    for (const row of group) {
      if (rows.rows >= ceiling && row.updatedAt !== rows.last) {
        await rows.turnPage();
        return { end: false, isOpen: false };
      }
      await rows.add([row]);
    }
  }
  await rows.turnPage();
  return { end: true, isOpen: false };
}

/** @returns how many rows were met; infinite where the bytes were enough before the end */
async function readAll(
  groups: AsyncIterable<SourceRow[]>,
  rows: SegmentRows,
  ceilingBytes: number,
  seen?: DigestMultiset,
): Promise<number> {
  let met = 0;
  for await (const group of groups) {
    await rows.add(group, seen);
    met += group.length;
    if (rows.bytes >= ceilingBytes) return Infinity;
  }
  return met;
}
