import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exceedsUtf8, utf8Length } from '../../../model/utf8-length.ts';

const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }));
/** Code units at random, so that surrogates come alone as well as in pairs. */
const units = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0xd7ff, max: 0xe000 })))
  .map((codes) => String.fromCharCode(...codes));

describe('utf8Length', () => {
  it('is the number of bytes that an encoder writes', () => {
    fc.assert(
      fc.property(fc.oneof(text, units), (value) => {
        expect(utf8Length(value)).toBe(new TextEncoder().encode(value).length);
      }),
    );
  });
});

it.each([
  ['\u007f\u0080', 3],
  ['\u07ff\u0800', 5],
  ['\ud800\udc00\udbff\udfff', 8],
  ['\ud800\ue000', 6],
  ['\ud7ff\udc00', 6],
  ['\udc00\ud800', 6],
  ['\udc00\udc01', 6],
])('counts %j as %i bytes', (value, bytes) => {
  expect(utf8Length(value)).toBe(bytes);
});

describe('exceedsUtf8', () => {
  it('agrees with the length at every limit', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: -2, max: 2 }), (value, offset) => {
        const limit = Math.max(0, utf8Length(value) + offset);
        expect(exceedsUtf8(value, limit)).toBe(utf8Length(value) > limit);
      }),
    );
  });
});
