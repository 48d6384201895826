/** Reads one stretch, and says what its commit will make of the ledger. */
import type { SyncDefinition } from '../../model/definitions.ts';
import { parseDuration } from '../../model/duration.ts';
import { FULL_REFRESH } from '../../model/full-refresh.ts';
import type { Ledger } from '../../store/ledger.ts';
import type { ConfirmedGroup } from '../../store/uploads.ts';
import type { ReadPart } from '../../store/instant-parts.ts';
import { type SegmentTail, type TailHead, segmentTail } from '../../store/segment-tail.ts';
import type { ExtractInput } from '../extract.ts';
import type { HashShare } from '../warehouses/warehouse.ts';
import { DigestMultiset } from '../rows/digest-multiset.ts';
import type { SegmentFiles } from '../upload/segment-pages.ts';
import {
  ConfirmedRows,
  type HandledRows,
  handledFrom,
  handledInPart,
  handledOnRecord,
} from './handled-rows.ts';
import { type Read, readLate, readPart, readSegment } from './read-segment.ts';
import { RowsOnRecord } from './rows-on-record.ts';
import { SegmentRows } from './segment-rows.ts';
import { stageNewerRows } from './stage-newer-rows.ts';
import type { Stretch } from './stretch.ts';

export interface ExtractParts {
  readonly ledger: Ledger;
  readonly definition: SyncDefinition;
  readonly files: SegmentFiles;
  readonly read: Read;
  readonly progress: (counts: { rowsRead: number; pages: number }) => void;
}

export interface StretchContent {
  readonly pages: number;
  readonly rows: number;
  /** Rows among them that carry DELETED. */
  readonly deletes: number;
  readonly skipped: number;
  readonly bytes: number;
  readonly last: string | null;
  readonly end: boolean;
  readonly openInstantRows?: number;
  /** Undefined where there is nothing to deliver and nothing to commit. */
  readonly tail: SegmentTail | undefined;
  /** Set for a part of a table that is read whole. */
  readonly readPart?: ReadPart | undefined;
}

const PAGE_BYTES = 16 << 20;
const SEGMENT_BYTES = 256 << 20;

/** @throws what reading and staging throw */
export async function extractStretch(input: ExtractInput, parts: ExtractParts): Promise<StretchContent> {
  const { stretch } = input;
  if (stretch.kind === 'range') return extractRange(input, stretch, parts);
  if (stretch.kind === 'part') return extractPart(input, stretch, parts);
  return extractLate(input, stretch, parts);
}

async function extractRange(
  input: ExtractInput,
  { from, inclusive }: Extract<Stretch, { kind: 'range' }>,
  parts: ExtractParts,
): Promise<StretchContent> {
  const known = await knownAt(input, parts, from);
  const rows = collect(
    input,
    parts,
    handledFrom(inclusive ? from : null, {
      committedAtFrom: DigestMultiset.of(known.committed),
      confirmedAtFrom: new ConfirmedRows(known.newer),
      confirmedBeyond: new ConfirmedRows(known.confirmed),
    }),
  );
  const { end, isOpen } = await readSegment(
    {
      range: { from, inclusive, to: input.upper },
      ceiling: input.rows,
      ceilingBytes: SEGMENT_BYTES,
      instantCeiling: input.instantRows,
    },
    parts.read,
    rows,
  );
  const { last } = rows;
  // What dead runs confirmed at the watermark's own instant is known from now on by the commit alone.
  const hasNews = last !== null && (rows.rows > 0 || rows.known.bytes.length > 0 || last !== from || isOpen);
  const head: TailHead = { kind: isOpen ? 'open' : 'whole', value: last };
  return {
    ...summary(rows),
    end,
    ...(isOpen ? { openInstantRows: rowsPerPart(input, rows) } : {}),
    tail: hasNews ? tailOf(head, rows, isOpen ? rows.newAtLast.bytes : rows.atLast.bytes) : undefined,
  };
}

async function extractPart(
  input: ExtractInput,
  { instant, share, isLast }: Extract<Stretch, { kind: 'part' }>,
  parts: ExtractParts,
): Promise<StretchContent> {
  const isRefresh = instant === FULL_REFRESH;
  const rows = collect(input, parts, await handledOfPart(input, parts, instant, share));
  const range = isRefresh
    ? { from: null, inclusive: true, to: null, share }
    : { from: instant, inclusive: true, to: instant, share };
  await readPart(range, parts.read, rows);
  const refreshed = isLast ? input.upper : null;
  const part = { instant, ...share, rows: rows.rows + rows.skipped };
  const head: TailHead = { kind: 'part', value: isRefresh ? refreshed : instant, part };
  return {
    ...summary(rows),
    end: true,
    tail: tailOf(head, rows, rows.met.bytes),
    ...(isRefresh && {
      readPart: {
        ...part,
        delivered: rows.expected.bytes,
        digestLimit: parts.definition.options.digest_rows,
      },
    }),
  };
}

/**
 * What is known of a part of an instant may lie beside the parts, too. A part of a table that is read whole knows all by itself once it
 * was opened: what is known elsewhere may be a former content of its rows.
 */
async function handledOfPart(
  input: ExtractInput,
  parts: ExtractParts,
  instant: string,
  share: HashShare,
): Promise<HandledRows> {
  const { instantParts } = parts.ledger;
  const { sync } = input.place;
  const own = await instantParts.digests(sync, instant, share);
  const ofPart = DigestMultiset.of(own ? [own] : []);
  if (instant === FULL_REFRESH) {
    const known =
      own === undefined
        ? DigestMultiset.of(await instantParts.dissolvedDigests(sync, instant, share))
        : ofPart;
    return handledInPart(known, new DigestMultiset(), new ConfirmedRows([]));
  }
  const known = await knownAt(input, parts, instant);
  const dissolved = await instantParts.dissolvedDigests(sync, instant, share);
  return handledInPart(
    ofPart,
    DigestMultiset.of([...known.committed, ...dissolved]),
    new ConfirmedRows(known.newer),
  );
}

async function extractLate(
  input: ExtractInput,
  { after, before }: Extract<Stretch, { kind: 'late' }>,
  parts: ExtractParts,
): Promise<StretchContent> {
  const { sync } = input.place;
  const groups = await parts.ledger.uploads.handled(sync, after);
  const onRecord = new RowsOnRecord((cursor, limit) =>
    parts.ledger.lookback.chunks(sync, after, cursor, limit),
  );
  const handled = handledOnRecord(onRecord, new ConfirmedRows(groups.filter(({ recorded }) => !recorded)));
  const rows = collect(input, parts, handled);
  const range = { from: after, inclusive: false, to: before, beforeTo: true };
  const { end } = await readLate(range, input.pageRows, parts.read, rows);
  if (rows.rows > 0) await stageNewerRows(parts, rows.pages.length, before);
  return {
    ...summary(rows),
    end,
    tail: rows.rows + rows.known.bytes.length > 0 ? tailOf({ kind: 'late', value: null }, rows) : undefined,
  };
}

/**
 * What is known at an instant: by the last commit, and what was confirmed after that commit. An older confirmation
 * that reaches beyond the instant may repeat digests of the commit.
 */
async function knownAt(
  { place: { sync } }: ExtractInput,
  { ledger }: ExtractParts,
  instant: string | null,
): Promise<{ committed: Buffer[]; newer: ConfirmedGroup[]; confirmed: ConfirmedGroup[] }> {
  const groups = await ledger.uploads.handled(sync, instant);
  const watermark = await ledger.watermarks.get(sync);
  const isNewer = (group: { epoch: number; segment: number }): boolean =>
    !watermark ||
    group.epoch > watermark.epoch ||
    (group.epoch === watermark.epoch && group.segment > watermark.segment);
  return {
    committed: watermark ? [watermark.digests] : [],
    newer: groups.filter(isNewer),
    confirmed: groups,
  };
}

function collect(
  input: ExtractInput,
  { definition, files, progress }: ExtractParts,
  handled: HandledRows,
): SegmentRows {
  return new SegmentRows(
    {
      pageRows: input.pageRows,
      pageBytes: PAGE_BYTES,
      digest: definition.full_refresh ? 'content' : 'row',
      keepMet: input.stretch.kind === 'part',
      keepFresh: parseDuration(definition.options.lookback) !== 0,
    },
    handled,
    { writePage: (page, bytes) => files.writeRows(page, bytes), progress },
  );
}

function summary(
  rows: SegmentRows,
): Pick<StretchContent, 'pages' | 'rows' | 'deletes' | 'skipped' | 'bytes' | 'last'> {
  return {
    pages: rows.pages.length,
    rows: rows.rows,
    deletes: rows.deletes,
    skipped: rows.skipped,
    bytes: rows.bytes,
    last: rows.last,
  };
}

function tailOf(head: TailHead, rows: SegmentRows, digests?: Buffer): SegmentTail {
  const { fresh } = rows;
  return segmentTail(fresh ? { ...head, fresh: fresh.stretches } : head, {
    ...(digests ? { digests } : {}),
    ...(head.kind === 'part' ? { taken: rows.known.bytes } : {}),
    ...(fresh ? { fresh: fresh.digests } : {}),
  });
}

/** Large rows make smaller parts. */
function rowsPerPart(input: ExtractInput, rows: SegmentRows): number {
  const bytesPerRow = rows.bytes / Math.max(1, rows.rows);
  return Math.max(1, Math.min(input.instantRows, Math.floor(SEGMENT_BYTES / Math.max(1, bytesPerRow))));
}
