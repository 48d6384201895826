import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maskIdentifier } from '../../../notify/mask-identifier.ts';

describe('maskIdentifier', () => {
  it.each([
    ['customer-4711', 'cu***'],
    ['customer-4711-with-a-longer-name', 'cu***'],
    ['+4915112345678', '+4***'],
    ['jane.doe@shop.example', 'ja***@…'],
    ['"odd@local"@shop.example', '"o***@…'],
    ['abc', 'a***'],
    ['ab', 'a***'],
    ['a', '***'],
    ['', '***'],
    ['jo@shop.example', 'j***@…'],
    ['j@shop.example', '***@…'],
    ['👩🏽🦊🐻🐼', '👩🏽***'],
  ])('%s → %s', (value, masked) => {
    expect(maskIdentifier(value)).toBe(masked);
  });

  it('never shows the whole, and hides the length', () => {
    const character = fc.constantFrom(...'abcxyz0189.-_+@'.split(''));
    fc.assert(
      fc.property(fc.string({ unit: character, minLength: 1, maxLength: 40 }), (value) => {
        fc.pre(/[a-z0-9]/.test(value));
        const masked = maskIdentifier(value);
        expect(masked).not.toContain(value);
        expect(masked).toMatch(/^.{0,2}\*\*\*(@…)?$/);
      }),
    );
  });
});
