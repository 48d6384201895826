import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CronTimes, measureGaps, parseCron } from '../../../model/cron.ts';

describe('parseCron', () => {
  it('takes any blanks between the fields', () => {
    expect(parseCron('0  6\t1 *  1')).toEqual(parseCron('0 6 1 * 1'));
  });

  it('says what the parser found wrong, and keeps its error as the cause', () => {
    expect(() => parseCron('61 * * * *')).toThrow(
      expect.objectContaining({
        message:
          'it is no cron of minute (0-59), hour (0-23), day of month (1-31), month (1-12) and day of week (0-7): ' +
          'Invalid value for minute: 61',
        cause: expect.any(Error) as Error,
      }),
    );
  });
});

describe('measureGaps', () => {
  const some = (least: number, most: number): fc.Arbitrary<number[]> =>
    fc
      .uniqueArray(fc.integer({ min: least, max: most }), { minLength: 1, maxLength: 4 })
      .map((values) => values.sort((one, other) => one - other));
  const all = (least: number, most: number): number[] =>
    Array.from({ length: most - least + 1 }, (_, index) => least + index);
  const daily: Pick<CronTimes, 'days' | 'months' | 'weekdays'> = {
    days: all(1, 31),
    months: all(1, 12),
    weekdays: all(0, 6),
  };

  it('closes the circle of a day: its gaps add up to 24 hours', () => {
    fc.assert(
      fc.property(some(0, 23), (hours) => {
        const gaps = measureGaps({ ...daily, minutes: [7], hours });
        const circle = hours.map((hour, index) => ((hours[index + 1] ?? (hours[0] ?? 0) + 24) - hour) * 60);
        expect(gaps).toEqual({ smallest: Math.min(...circle), largest: Math.max(...circle) });
      }),
      { numRuns: 20 },
    );
  });

  it('finds the leap years that a day and a weekday wait for', () => {
    // 29 February falls on one weekday every 28 years, for no century year without a leap day lies between.
    const gap = (28 * 365 + 7) * 1_440;
    expect(measureGaps({ minutes: [0], hours: [0], days: [29], months: [2], weekdays: [4] })).toEqual({
      smallest: gap,
      largest: gap,
    });
  });
});
