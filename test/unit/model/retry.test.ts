import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LEFT_REASONS, type LeftCounts, NONE_LEFT, addLeft, leftSentences } from '../../../model/retry.ts';

const count = fc.nat({ max: 1_000 });
const left: fc.Arbitrary<LeftCounts> = fc.record({
  newer: count,
  gone: count,
  ambiguous: count,
  deletes: count,
});

describe('what a retry leaves alone', () => {
  it('adds up by reason', () => {
    fc.assert(
      fc.property(left, left, (one, other) => {
        const sum = addLeft(one, other);
        for (const reason of LEFT_REASONS) expect(sum[reason]).toBe(one[reason] + other[reason]);
        expect(addLeft(one, NONE_LEFT)).toEqual(one);
      }),
    );
  });

  it('is nothing to speak of where nothing was left', () => {
    expect(leftSentences(NONE_LEFT)).toEqual([]);
  });

  it.each(LEFT_REASONS)('is told in a sentence that says why: %s', (reason) => {
    const sentences = leftSentences({ ...NONE_LEFT, [reason]: 7 });
    expect(sentences).toEqual([expect.stringMatching(/^7 rejected rows were left alone: \S.{20,}\.$/)]);
  });

  it('gives the reasons in one order, each with its own number', () => {
    expect(leftSentences({ newer: 1, gone: 2, ambiguous: 3, deletes: 4 }).map((text) => text[0])).toEqual([
      '1',
      '2',
      '3',
      '4',
    ]);
  });
});
