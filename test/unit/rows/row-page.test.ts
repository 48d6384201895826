import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RowPage, RowPageWriter } from '../../../activities/rows/row-page.ts';
import { sourceRow } from '../source-row.ts';

const text = fc.option(fc.string({ unit: 'binary', maxLength: 60 }).filter((value) => value.isWellFormed()));

const anyRow = fc.record({
  updatedAt: fc.constant('2026-01-01 00:00:00.000001'),
  externalId: text,
  aliasName: text,
  aliasLabel: text,
  brazeId: text,
  email: text,
  phone: text,
  id: text,
  payload: text,
  deleted: fc.option(fc.boolean()),
});

test('gives every row back as it was written', () => {
  fc.assert(
    fc.property(fc.array(anyRow, { maxLength: 20 }), (rows) => {
      const writer = new RowPageWriter({ initialBytes: 64 });
      for (const row of rows) writer.add(row);
      const page = new RowPage(writer.finish());
      expect(page.rows).toBe(rows.length);
      rows.forEach((row, index) => {
        expect(page.row(index)).toEqual(row);
        expect(page.updatedAt(index)).toBe(row.updatedAt);
      });
    }),
  );
});

test('the digest tells rows apart by any field, and null from empty', () => {
  const digest = (change: Parameters<typeof sourceRow>[0]): string =>
    new RowPageWriter().add(sourceRow(change)).toString('hex');
  const base = digest({});
  const changes = [
    { updatedAt: '2026-01-01 00:00:00.000002' },
    { externalId: 'b' },
    { externalId: null },
    { externalId: '' },
    { aliasName: 'a', externalId: null },
    { payload: '{"a": 1}' },
    { deleted: false },
    { deleted: true },
  ];
  const all = [base, ...changes.map(digest)];
  expect(new Set(all).size).toBe(all.length);
  expect(digest({})).toBe(base);
});

test('the digest of a row never changes: the ledger holds digests of former versions', () => {
  expect(new RowPageWriter().add(sourceRow({})).toString('hex')).toBe(GOLDEN_DIGEST);
});

const GOLDEN_DIGEST = 'd39c1a517ebeb4527b9c0c3fac963933';

test('a digest of the content leaves out UPDATED_AT and nothing else', () => {
  const digest = (change: Parameters<typeof sourceRow>[0]): string =>
    new RowPageWriter({ digest: 'content' }).add(sourceRow(change)).toString('hex');
  expect(digest({ updatedAt: '2026-01-01 00:00:00.000002' })).toBe(digest({}));
  expect(digest({ externalId: 'b' })).not.toBe(digest({}));
  expect(digest({ payload: '{"a": 1}' })).not.toBe(digest({}));
});

test('a row that is taken out again leaves no trace', () => {
  const writer = new RowPageWriter();
  writer.add(sourceRow({ externalId: 'a' }));
  writer.add(sourceRow({ externalId: 'b' }));
  writer.undo();
  writer.add(sourceRow({ externalId: 'c' }));
  const page = new RowPage(writer.finish());
  expect([page.row(0).externalId, page.row(1).externalId]).toEqual(['a', 'c']);
  expect(() => page.row(2)).toThrow(RangeError);
});
