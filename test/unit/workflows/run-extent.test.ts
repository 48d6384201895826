/** How much a run has to do, as it is learned while the run reads. */
import { beforeEach, expect, test } from 'vitest';
import type { ExtractedSegment } from '../../../activities/extract.ts';
import type { Stretch } from '../../../activities/extraction/stretch.ts';
import type { PlannedParts } from '../../../activities/plan-parts.ts';
import { FULL_REFRESH } from '../../../model/full-refresh.ts';
import type { Extent } from '../../../workflows/current-details.ts';
import { RunExtent } from '../../../workflows/run-extent.ts';

const AT = '2026-01-01 00:00:00.000000';

let extent: RunExtent;
let expected: Extent | undefined;
let read: number;

beforeEach(() => {
  expected = undefined;
  read = 0;
  extent = new RunExtent({
    expects: (shown) => (expected = shown),
    counted: (counts) => expect(counts).toEqual({ read }),
  });
});

const range = (from: string | null = AT): Stretch => ({ kind: 'range', from, inclusive: false });

const part = (instant = AT): Stretch => ({
  kind: 'part',
  instant,
  share: { low: '0', high: 'f' },
  isLast: false,
});

/** @param sizes rows of each part */
function plan(sizes: readonly number[], instant = AT, isAll = true): void {
  const parts: PlannedParts['parts'] = sizes.map((rows) => ({ low: '0', high: 'f', rows }));
  extent.planned(instant, { parts, isAll });
}

/** Reads a stretch. @returns from where on it was asked to count */
function reads(
  stretch: Stretch,
  more: Partial<ExtractedSegment>,
): ReturnType<InstanceType<typeof RunExtent>['asks']> {
  const ahead = extent.asks(stretch, read);
  read += more.rows ?? 0;
  const segment: ExtractedSegment = {
    place: { sync: 's', run: 'r', epoch: 1, segment: 1, attempt: 1 },
    pages: 1,
    rows: 0,
    deletes: 0,
    skipped: 0,
    bytes: 0,
    last: AT,
    end: false,
    isLate: false,
    isEmpty: false,
    ...more,
  };
  extent.read(stretch, segment, read);
  return ahead;
}

const about = (total: number): Extent => ({ unit: 'rows', total, isExact: false });

test('a run that its first segment holds counts nothing, and knows exactly', () => {
  expect(reads(range(null), { rows: 30, end: true })).toBeUndefined();
  expect(expected).toEqual({ unit: 'rows', total: 30, isExact: true });
});

test('a longer run counts once, with its second segment', () => {
  expect(reads(range(null), { rows: 30 })).toBeUndefined();
  expect(expected).toBeUndefined();
  expect(reads(range(), { rows: 40, rowsAhead: 100 })).toEqual({ from: AT, inclusive: false });
  expect(expected).toEqual(about(130));
  expect(reads(range(), { rows: 40 })).toBeUndefined();
  expect(expected).toEqual(about(130));
  expect(reads(range(), { rows: 25, end: true })).toBeUndefined();
  expect(expected).toEqual({ unit: 'rows', total: 135, isExact: true });
});

test('rows that turned up late are not counted', () => {
  const late: Stretch = { kind: 'late', after: '2025-12-31 00:00:00.000000', before: AT };
  expect(reads(late, { rows: 1 })).toBeUndefined();
  expect(reads(late, { rows: 1 })).toBeUndefined();
  expect(reads(range(), { rows: 40, rowsAhead: 100 })).toEqual({ from: AT, inclusive: false });
  expect(expected).toEqual(about(102));
});

test('a run that begins in an instant read in parts counts the rows after it, and those of the parts once', () => {
  // 30 rows come before the instant of 100 rows, and the first segment met 11 rows of it.
  reads(range(null), { rows: 41, end: true, openInstantRows: 40 });
  expect(expected).toBeUndefined();
  plan([35, 35, 30]);
  expect(reads(part(), { rows: 30, skipped: 5, rowsAhead: 50 })).toEqual({ from: AT, inclusive: false });
  expect(expected).toEqual(about(186));
  expect(reads(part(), { rows: 29, skipped: 6 })).toBeUndefined();
  expect(expected).toEqual(about(180));
  reads(part(), { rows: 30 });
  expect(expected).toEqual(about(180));
  reads(range(), { rows: 50, end: true });
  expect(expected).toEqual({ unit: 'rows', total: 180, isExact: true });
});

test('of parts that have changed since the last run, only what is new counts', () => {
  plan([40, 40]);
  expect(reads(part(), { rows: 2, skipped: 38 })).toBeUndefined();
  reads(part(), { rows: 3, skipped: 37, rowsAhead: 10 });
  expect(expected).toEqual(about(15));
});

test('an instant that is planned in several goes grows with each', () => {
  reads(range(null), { rows: 1, openInstantRows: 40 });
  plan([40, 40], AT, false);
  reads(part(), { rows: 40, rowsAhead: 0 });
  reads(part(), { rows: 40 });
  expect(expected).toEqual(about(81));
  plan([40]);
  expect(expected).toEqual(about(121));
});

test('an instant that was counted before it was divided counts as it was', () => {
  reads(range(null), { rows: 30 });
  reads(range(), { rows: 40, rowsAhead: 200, openInstantRows: 40 });
  plan([40, 40]);
  reads(part(), { rows: 30, skipped: 10 });
  expect(expected).toEqual(about(230));
});

test('a table that is read whole is measured in parts, and never counted', () => {
  plan([40, 40], FULL_REFRESH, false);
  expect(expected).toEqual({ unit: 'parts', total: 2, isExact: false });
  expect(reads(part(FULL_REFRESH), { rows: 40 })).toBeUndefined();
  expect(reads(part(FULL_REFRESH), { rows: 2, skipped: 38 })).toBeUndefined();
  plan([40], FULL_REFRESH);
  expect(expected).toEqual({ unit: 'parts', total: 3, isExact: true });
});
