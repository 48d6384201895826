/** The stand-in of Fabric tells the packets of the wire apart, however they arrive. */
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MESSAGE, MessageReader, PacketCounter, packets } from '../../warehouses/fabric/tds-message.ts';

const HEAD_BYTES = 8;
const messages = fc.array(fc.uint8Array({ maxLength: 90 }), { minLength: 1, maxLength: 8 });
const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 60 });
/** So small that messages need several. */
const PACKET_BYTES = 32;

/** Cuts bytes into chunks of these sizes, and what is left. */
function chunksOf(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let at = 0;
  for (const size of sizes) {
    if (at >= bytes.length) break;
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return at < bytes.length ? [...chunks, bytes.subarray(at)] : chunks;
}

test('counts their ends, and those of messages', () => {
  fc.assert(
    fc.property(messages, cuts, (contents, sizes) => {
      const sent = contents.map((content) => packets(MESSAGE.response, Buffer.from(content), PACKET_BYTES));
      const counter = new PacketCounter();
      let before = 0;
      const ends: number[] = [];
      const messageEnds: number[] = [];
      for (const chunk of chunksOf(Buffer.concat(sent), sizes)) {
        for (const end of counter.push(chunk)) {
          ends.push(before + end.at);
          if (end.endsMessage) messageEnds.push(before + end.at);
        }
        before += chunk.length;
      }
      const whole = sent.map((_, n) => Buffer.concat(sent.slice(0, n + 1)).length);
      expect(messageEnds).toEqual(whole);
      const count = contents.reduce(
        (sum, { length }) => sum + Math.max(1, Math.ceil(length / (PACKET_BYTES - HEAD_BYTES))),
        0,
      );
      expect(ends).toHaveLength(count);
    }),
  );
});

test('reads whole messages', async () => {
  await fc.assert(
    fc.asyncProperty(messages, cuts, async (contents, sizes) => {
      const stream = new PassThrough();
      const reader = new MessageReader(stream);
      const sent = contents.map((content) => packets(MESSAGE.rpc, Buffer.from(content), PACKET_BYTES));
      for (const chunk of chunksOf(Buffer.concat(sent), sizes)) stream.write(chunk);
      stream.end();
      for (const [n, content] of contents.entries()) {
        const message = await reader.next();
        expect(message?.type).toBe(MESSAGE.rpc);
        expect(message?.data).toEqual(Buffer.from(content));
        expect(message?.raw).toEqual(sent[n]);
      }
      expect(await reader.next()).toBeUndefined();
    }),
  );
});
