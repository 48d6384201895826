import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MessageSplitter } from '../../../activities/warehouses/redshift/data-rows.ts';

/** A message of the wire protocol. */
function message(type: number, content: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(type);
  head.writeInt32BE(content.length + 4, 1);
  return Buffer.concat([head, content]);
}

const messages = fc.array(
  fc
    .tuple(fc.constantFrom(0x44, 0x5a, 0x43), fc.uint8Array({ maxLength: 60 }))
    .map((parts) => message(...parts)),
  { maxLength: 20 },
);
const cuts = fc.array(fc.nat({ max: 40 }), { maxLength: 60 });

test('gives whole messages, however they arrive, and then what is left', () => {
  fc.assert(
    fc.property(messages, cuts, fc.nat({ max: 10 }), (sent, sizes, missing) => {
      const all = Buffer.concat(sent);
      const arrived = all.subarray(0, all.length - missing);
      const got: Buffer[] = [];
      const splitter = new MessageSplitter((bytes, start, end) => got.push(bytes.subarray(start, end)));
      let at = 0;
      for (const size of sizes) {
        splitter.push(arrived.subarray(at, at + size));
        at = Math.min(at + size, arrived.length);
      }
      splitter.push(arrived.subarray(at));
      expect(Buffer.concat([...got, splitter.rest()])).toEqual(arrived);
      got.forEach((each, index) => expect(each).toEqual(sent[index]));
      const wholeBytes = got.reduce((sum, each) => sum + each.length, 0);
      expect(arrived.length - wholeBytes).toBeLessThan(sent[got.length]?.length ?? 1);
    }),
  );
});
