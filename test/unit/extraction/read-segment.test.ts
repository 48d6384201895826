import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfirmedRows, handledFrom } from '../../../activities/extraction/handled-rows.ts';
import { readSegment } from '../../../activities/extraction/read-segment.ts';
import { SegmentRows } from '../../../activities/extraction/segment-rows.ts';
import { DigestMultiset } from '../../../activities/rows/digest-multiset.ts';
import { RowPage, RowPageWriter } from '../../../activities/rows/row-page.ts';
import type { ReadRange } from '../../../activities/warehouses/warehouse.ts';
import type { SourceRow } from '../../../model/row.ts';
import { sourceRow } from '../source-row.ts';

const instant = (n: number): string => `2026-01-01 00:00:00.${String(n).padStart(6, '0')}`;
const UPPER = instant(999_999);

/** A table in memory, read as a warehouse would read it: ties in no promised order. */
function table(rows: readonly SourceRow[]) {
  return async function* read(range: ReadRange, limit: number): AsyncGenerator<SourceRow[]> {
    const { from } = range;
    const within = rows
      .filter(
        ({ updatedAt }) =>
          (range.to === null || updatedAt <= range.to) &&
          (from === null || (range.inclusive ? updatedAt >= from : updatedAt > from)),
      )
      .sort((a, b) => (a.updatedAt < b.updatedAt ? -1 : a.updatedAt > b.updatedAt ? 1 : Math.random() - 0.5))
      .slice(0, limit);
    for (let start = 0; start < within.length; start += 3) yield within.slice(start, start + 3);
  };
}

/** Runs segment after segment until the end, as a run does. */
async function readAll(
  rows: readonly SourceRow[],
  options: { from: string | null; ceiling: number; handled: Buffer[] },
) {
  const delivered: SourceRow[] = [];
  const segments: { first: string; last: string; rows: number }[] = [];
  let from = options.from;
  let tail = Buffer.alloc(0);
  for (let number = 0; number < 500; number += 1) {
    const pages: Buffer[] = [];
    const known = (): DigestMultiset => DigestMultiset.of(options.handled);
    const content = new SegmentRows(
      { pageRows: 4, pageBytes: Infinity, digest: 'row', keepMet: false, keepFresh: false },
      handledFrom(number === 0 ? from : null, {
        committedAtFrom: known(),
        confirmedAtFrom: new ConfirmedRows([]),
        confirmedBeyond: new ConfirmedRows(
          options.handled.map((digests) => ({ digests, epoch: 1, segment: 1, recorded: false })),
        ),
      }),
      {
        progress: () => undefined,
        writePage: async (page, bytes) => void (pages[page] = Buffer.from(bytes)),
      },
    );
    const { end, isOpen } = await readSegment(
      {
        range: { from, inclusive: number === 0, to: UPPER },
        ceiling: options.ceiling,
        ceilingBytes: Infinity,
        instantCeiling: 1_000,
      },
      table(rows),
      content,
    );
    expect(isOpen).toBe(false);
    const got = pages.flatMap((bytes) => {
      const page = new RowPage(bytes);
      return Array.from({ length: page.rows }, (_unused, index) => page.row(index));
    });
    expect(got).toHaveLength(content.rows);
    expect(content.pages.reduce((sum, each) => sum + each, 0)).toBe(content.rows);
    delivered.push(...got);
    if (content.last !== null) {
      tail = Buffer.from(content.atLast.bytes);
      segments.push({ first: got[0]?.updatedAt ?? content.last, last: content.last, rows: content.rows });
      from = content.last;
    }
    if (end) return { delivered, watermark: from, tail, segments };
  }
  throw new Error('never ended');
}

const someRows = fc
  .array(fc.record({ at: fc.integer({ min: 0, max: 12 }), id: fc.integer({ min: 0, max: 30 }) }), {
    maxLength: 60,
  })
  .map((list) => list.map(({ at, id }) => sourceRow({ updatedAt: instant(at), externalId: String(id) })));

const keys = (rows: readonly SourceRow[]): string[] =>
  rows.map((row) => `${row.updatedAt} ${row.externalId}`).sort();

describe('segments', () => {
  test('deliver every row once, identical rows included, whatever the ceiling', async () => {
    await fc.assert(
      fc.asyncProperty(someRows, fc.integer({ min: 1, max: 20 }), async (rows, ceiling) => {
        const { delivered } = await readAll(rows, { from: null, ceiling, handled: [] });
        expect(keys(delivered)).toEqual(keys(rows));
      }),
    );
  });

  test('end with a whole instant', async () => {
    await fc.assert(
      fc.asyncProperty(someRows, fc.integer({ min: 1, max: 10 }), async (rows, ceiling) => {
        const { segments } = await readAll(rows, { from: null, ceiling, handled: [] });
        segments.slice(1).forEach((segment, index) => {
          expect(segment.first > (segments[index]?.last ?? '')).toBe(true);
        });
      }),
    );
  });

  test('a later run sends only what is new, also at the very instant of the watermark', async () => {
    await fc.assert(
      fc.asyncProperty(
        someRows,
        someRows,
        fc.integer({ min: 1, max: 20 }),
        async (before, added, ceiling) => {
          const first = await readAll(before, { from: null, ceiling, handled: [] });
          const { watermark } = first;
          const late = added.filter((row) => watermark === null || row.updatedAt >= watermark);
          const second = await readAll([...before, ...late], {
            from: watermark,
            ceiling,
            handled: [first.tail],
          });
          expect(keys(second.delivered)).toEqual(keys(late));
          const third = await readAll([...before, ...late], {
            from: second.watermark,
            ceiling,
            handled: [second.tail],
          });
          expect(third.delivered).toEqual([]);
        },
      ),
    );
  });

  test('what a dead run delivered is not delivered again', async () => {
    await fc.assert(
      fc.asyncProperty(
        someRows,
        fc.array(fc.nat()),
        fc.integer({ min: 1, max: 20 }),
        async (rows, picks, ceiling) => {
          const confirmed = new Set(picks.filter((pick) => pick < rows.length));
          const writer = new RowPageWriter();
          const digests = [...confirmed].map((index) => Buffer.from(writer.add(rows[index] ?? sourceRow())));
          const { delivered } = await readAll(rows, {
            from: null,
            ceiling,
            handled: [Buffer.concat(digests)],
          });
          expect(keys(delivered)).toEqual(keys(rows.filter((_row, index) => !confirmed.has(index))));
        },
      ),
    );
  });
});
