import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDuration } from '../../../model/duration.ts';

describe('a duration', () => {
  it.each([
    ['500ms', 500],
    ['1.25s', 1_250],
    ['0.0004s', 0],
    ['5 s', 5_000],
    [' 5s\n', 5_000],
    ['15m', 900_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['0s', 0],
  ])('%j is %i milliseconds', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  it.each(['', '5', 's', '5sec', 'in 5s', '-5s', '1.s', '.5s', '1.2.3s', '1,5s', '1e3s', '5S', '5s 5s'])(
    '%j is none',
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );

  it('is whole milliseconds, whatever the unit', () => {
    const units = fc.constantFrom('ms', 's', 'm', 'h', 'd');
    fc.assert(
      fc.property(fc.nat({ max: 100_000 }), fc.nat({ max: 999_999 }), units, (whole, fraction, unit) => {
        expect(Number.isSafeInteger(parseDuration(`${whole}.${fraction}${unit}`))).toBe(true);
      }),
    );
  });
});
