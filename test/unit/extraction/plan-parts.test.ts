import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type PartsPlan, digitsFor, planParts } from '../../../activities/extraction/plan-parts.ts';
import type { HashShare } from '../../../activities/warehouses/warehouse.ts';
import type { InstantPart } from '../../../store/instant-parts.ts';

const hashOf = (user: number): string => createHash('md5').update(String(user)).digest('hex');

const within = (hash: string, { low, high }: HashShare): boolean =>
  hash.slice(0, low.length) >= low && hash.slice(0, high.length) <= high;

/** Counts as a warehouse would; each row is given by the hash of its user. */
function counter(hashes: readonly string[]) {
  return async (share: HashShare | undefined, digits: number): Promise<Map<string, number>> => {
    const counts = new Map<string, number>();
    for (const hash of hashes) {
      if (share && !within(hash, share)) continue;
      const prefix = hash.slice(0, digits);
      counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
    }
    return counts;
  };
}

const plan = (
  hashes: readonly string[],
  known: readonly InstantPart[],
  ceiling: number,
  spareUnchanged = true,
): Promise<PartsPlan> => planParts({ known, ceiling, spareUnchanged, count: counter(hashes) });

const rowsIn = (hashes: readonly string[], share: HashShare): string[] =>
  hashes.filter((hash) => within(hash, share));

/** Reads what was planned, as a run does. */
function afterReading(
  hashes: readonly string[],
  known: readonly InstantPart[],
  made: Pick<PartsPlan, 'read' | 'dissolved'> & Partial<PartsPlan>,
): InstantPart[] {
  const isSame = (a: HashShare, b: HashShare): boolean => a.low === b.low && a.high === b.high;
  const kept = known.filter(
    (part) =>
      !made.dissolved.includes(part) &&
      !made.vanished?.includes(part) &&
      !made.read.some((each) => isSame(each, part)),
  );
  const read = made.read.map(({ low, high }) => ({
    low,
    high,
    rows: rowsIn(hashes, { low, high }).length,
    hasDigests: true,
  }));
  return [...kept, ...read].sort((a, b) => (a.low < b.low ? -1 : 1));
}

const users = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.nat({ max: 200 }) },
    // Some users have many rows.
    { weight: 1, arbitrary: fc.constantFrom(1, 2) },
  ),
  { maxLength: 300 },
);
const hashes = users.map((list) => list.map(hashOf));
const ceilings = fc.integer({ min: 1, max: 40 });

/** So many that a part which was read is divided by several digits at once. */
const few = fc.array(fc.nat().map(hashOf), { maxLength: 20 });
const many = fc.array(fc.nat().map(hashOf), { minLength: 300, maxLength: 500 });
const smallCeilings = fc.integer({ min: 1, max: 8 });

describe('parts of an instant', () => {
  test('hold every row once, and no more than the ceiling unless all are of one user', async () => {
    await fc.assert(
      fc.asyncProperty(hashes, ceilings, async (rows, ceiling) => {
        const { read, dissolved } = await plan(rows, [], ceiling);
        expect(dissolved).toEqual([]);
        for (const row of rows) expect(read.filter((part) => within(row, part))).toHaveLength(1);
        for (const part of read) {
          const own = rowsIn(rows, part);
          expect(part.rows).toBe(own.length);
          if (own.length > ceiling) expect(new Set(own).size).toBe(1);
        }
        expect(read.map(({ low }) => low)).toEqual(read.map(({ low }) => low).sort());
      }),
    );
  });

  test('are spared once they were read, and only those with new rows are read again', async () => {
    await fc.assert(
      fc.asyncProperty(hashes, hashes, ceilings, async (rows, added, ceiling) => {
        const known = afterReading(rows, [], await plan(rows, [], ceiling));
        expect((await plan(rows, known, ceiling)).read).toEqual([]);

        const all = [...rows, ...added];
        const second = await plan(all, known, ceiling);
        const touched = [...second.read];
        for (const row of added) expect(touched.filter((part) => within(row, part))).toHaveLength(1);
        for (const part of second.read) {
          const replacesGrown = second.dissolved.some((grown) => within(part.low.padEnd(32, '0'), grown));
          if (!replacesGrown) expect(added.some((row) => within(row, part))).toBe(true);
          const own = rowsIn(all, part);
          if (own.length > ceiling && new Set(own).size > 1)
            expect(known.some(({ low, high }) => low === part.low && high === part.high)).toBe(true);
        }
        const after = afterReading(all, known, second);
        for (const row of all) expect(after.filter((part) => within(row, part))).toHaveLength(1);
        expect((await plan(all, after, ceiling)).read).toEqual([]);
      }),
    );
  });

  test('stay apart when rows vanish and others come', async () => {
    const changes = fc.array(hashes, { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(
        changes,
        smallCeilings,
        fc.boolean(),
        fc.nat(),
        async (tables, ceiling, spare, stop) => {
          let known: InstantPart[] = [];
          for (const rows of tables) {
            const made = await plan(rows, known, ceiling, spare);
            // Some runs die on their way.
            const read = stop % 2 === 0 ? made.read : made.read.slice(0, stop % (made.read.length + 1));
            known = afterReading(rows, known, { ...made, read });
            for (const row of tables.flat())
              expect(known.filter((part) => within(row, part)).length).toBeLessThanOrEqual(1);
          }
        },
      ),
    );
  });

  test('go on where a run stopped: what it committed is spared, the rest is planned', async () => {
    await fc.assert(
      fc.asyncProperty(hashes, ceilings, fc.nat(), async (rows, ceiling, stop) => {
        const first = await plan(rows, [], ceiling);
        const done = first.read.slice(0, stop % (first.read.length + 1));
        const known = afterReading(rows, [], { read: done, dissolved: [] });
        const { read } = await plan(rows, known, ceiling);
        for (const row of rows) {
          const isDone = done.some((part) => within(row, part));
          expect(read.filter((part) => within(row, part))).toHaveLength(isDone ? 0 : 1);
        }
      }),
    );
  });

  test('go on where a run stopped after they had grown: no row lies in two of them', async () => {
    await fc.assert(
      fc.asyncProperty(few, many, smallCeilings, fc.nat(), async (rows, added, ceiling, stop) => {
        const before = afterReading(rows, [], await plan(rows, [], ceiling));
        const all = [...rows, ...added];
        const second = await plan(all, before, ceiling);
        const done = second.read.slice(0, stop % (second.read.length + 1));
        const known = afterReading(all, before, { read: done, dissolved: second.dissolved });
        const { read, dissolved } = await plan(all, known, ceiling);
        const after = afterReading(all, known, { read, dissolved });
        for (const row of all) {
          expect(after.filter((part) => within(row, part))).toHaveLength(1);
          const isDone = done.some((part) => within(row, part));
          expect(read.filter((part) => within(row, part)).length).toBeLessThanOrEqual(isDone ? 0 : 1);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('are all read where nothing may be spared', async () => {
    await fc.assert(
      fc.asyncProperty(hashes, ceilings, async (rows, ceiling) => {
        const known = afterReading(rows, [], await plan(rows, [], ceiling));
        const { read } = await plan(rows, known, ceiling, false);
        for (const row of rows) expect(read.filter((part) => within(row, part))).toHaveLength(1);
      }),
    );
  });

  test('are counted by as many digits as fill them well', () => {
    expect(digitsFor(1_000_000, 100_000)).toBe(2);
    expect(digitsFor(500_000_000, 200_000)).toBe(4);
    expect(digitsFor(10, 100)).toBe(1);
    expect(digitsFor(Number.MAX_SAFE_INTEGER, 1)).toBe(14);
  });
});
