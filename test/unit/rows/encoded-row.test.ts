import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EncodedRow } from '../../../activities/rows/encoded-row.ts';
import { RowPage, RowPageWriter } from '../../../activities/rows/row-page.ts';
import { ROW_FIELDS } from '../../../activities/rows/row-fields.ts';
import type { SourceRow } from '../../../model/row.ts';

const text = fc.option(fc.string({ unit: 'binary', maxLength: 20 }).filter((value) => value.isWellFormed()));
const anyRow: fc.Arbitrary<SourceRow> = fc.record({
  updatedAt: fc.constantFrom('2026-01-01 00:00:00.000001', '2026-01-01 00:00:00'),
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

/** The fields as a server sends them. */
function encode(row: SourceRow): Buffer {
  return Buffer.concat(
    ROW_FIELDS.flatMap((field) => {
      const value = row[field];
      const length = Buffer.alloc(4);
      if (value === null) {
        length.writeInt32BE(-1);
        return [length];
      }
      const bytes = Buffer.from(value === true ? 't' : value === false ? 'f' : value);
      length.writeInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}

test('a row in its bytes is the row, and has its digest', () => {
  fc.assert(
    fc.property(anyRow, fc.constantFrom('row', 'content'), fc.nat({ max: 9 }), (row, digest, offset) => {
      const bytes = encode(row);
      const within = Buffer.concat([Buffer.alloc(offset, 1), bytes, Buffer.alloc(offset, 2)]);
      const encoded = new EncodedRow(within, offset, offset + bytes.length);
      expect(JSON.parse(JSON.stringify(encoded))).toEqual(JSON.parse(JSON.stringify(row)));

      const [ofBytes, ofTexts] = [encoded, row].map((each) => {
        const writer = new RowPageWriter({ digest, initialBytes: 16 });
        const own = Buffer.from(writer.add(each));
        return { own, page: Buffer.from(writer.finish()) };
      });
      expect(ofBytes).toEqual(ofTexts);
      expect(new RowPage(ofBytes?.page ?? Buffer.alloc(4)).row(0)).toEqual(row);
    }),
  );
});
