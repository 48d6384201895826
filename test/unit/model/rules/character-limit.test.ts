import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isLongerThan } from '../../../../model/rules/character-limit.ts';

it('a text is longer than a limit where it has more code points, at every limit around its length', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom('a', '😀', '\ud83d') }),
  );
  fc.assert(
    fc.property(text, fc.integer({ min: -2, max: 2 }), (value, offset) => {
      const characters = Array.from(value).length;
      const limit = Math.max(0, characters + offset);
      expect(isLongerThan(value, limit)).toBe(characters > limit);
    }),
  );
});
