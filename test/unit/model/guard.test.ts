import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ROWS_CEILING, guardsPassed, heldQuestion, newRows } from '../../../model/guard.ts';

describe('guardsPassed', () => {
  const limits = { rows: 100, deletes: 10 };

  test.each([
    { rows: 100, deletes: 10, passed: [] },
    { rows: 101, deletes: 10, passed: ['max_rows_per_run'] },
    { rows: 11, deletes: 11, passed: ['max_deletes_per_run'] },
    { rows: 101, deletes: 11, passed: ['max_rows_per_run', 'max_deletes_per_run'] },
  ])('$rows rows with $deletes deletes', ({ rows, deletes, passed }) => {
    expect(guardsPassed({ rows, deletes }, limits)).toEqual(passed);
  });
});

describe('newRows', () => {
  test('what is handled is taken off where it lies', () => {
    const source = { rowsAt: 12, rowsAfter: 30, deletesAt: 12, deletesAfter: 4 };
    expect(newRows(source, { at: 10, after: 5 })).toEqual({ rows: 27, deletes: 6 });
  });

  test('handled rows that are gone from the table hide no new ones elsewhere', () => {
    const source = { rowsAt: 0, rowsAfter: 30, deletesAt: 0, deletesAfter: 0 };
    expect(newRows(source, { at: 100, after: 0 })).toEqual({ rows: 30, deletes: 0 });
  });

  test('more than any run may send is not left to an approval', () => {
    const handled = { at: 5, after: 5 };
    const most = { rowsAt: 10, rowsAfter: ROWS_CEILING, deletesAt: 0, deletesAfter: 0 };
    expect(newRows(most, handled).rows).toBe(ROWS_CEILING);
    expect(() => newRows({ ...most, rowsAt: 11 }, handled)).toThrow(
      expect.objectContaining({
        type: 'limit_exceeded',
        message: 'More than 500,000,000 new rows are waiting.',
      }),
    );
  });

  test('never fewer deletes than there can be, never more than rows', () => {
    const part = fc.record({
      handledKept: fc.nat(50),
      handledDeletes: fc.nat(50),
      newKept: fc.nat(50),
      newDeletes: fc.nat(50),
    });
    fc.assert(
      fc.property(part, part, (at, after) => {
        const rows = (each: typeof at): number =>
          each.handledKept + each.handledDeletes + each.newKept + each.newDeletes;
        const deletes = (each: typeof at): number => each.handledDeletes + each.newDeletes;
        const size = newRows(
          { rowsAt: rows(at), rowsAfter: rows(after), deletesAt: deletes(at), deletesAfter: deletes(after) },
          { at: at.handledKept + at.handledDeletes, after: after.handledKept + after.handledDeletes },
        );
        expect(size.rows).toBe(at.newKept + at.newDeletes + after.newKept + after.newDeletes);
        expect(size.deletes).toBeGreaterThanOrEqual(at.newDeletes + after.newDeletes);
        expect(size.deletes).toBeLessThanOrEqual(size.rows);
      }),
    );
  });
});

describe('heldQuestion', () => {
  test('names the guard that was passed, and only that', () => {
    expect(heldQuestion({ rows: 1_234_567, deletes: 0, limits: { rows: 1_000, deletes: 10 } })).toBe(
      'It would send 1,234,567 rows; max_rows_per_run is 1,000.',
    );
    expect(heldQuestion({ rows: 20_000, deletes: 12_000, limits: { rows: 30_000, deletes: 10_000 } })).toBe(
      'It would send 20,000 rows, 12,000 of them deletes; max_deletes_per_run is 10,000.',
    );
  });
});
