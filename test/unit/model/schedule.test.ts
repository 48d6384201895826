import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  SCHEDULE_PRESETS,
  compileSchedule,
  scheduleSchema,
  scheduleWarnings,
} from '../../../model/schedule.ts';

const warningsOf = (written: unknown): string[] => scheduleWarnings(scheduleSchema.parse(written));
const problemOf = (written: unknown): string | undefined =>
  scheduleSchema.safeParse(written).error?.issues[0]?.message;

describe('warnings', () => {
  it('say what the clock does at night, and what to do', () => {
    expect(warningsOf({ cron: '30 2 * * *', time_zone: 'Europe/Paris' })).toEqual([
      'a time between 00:00 and 03:59 in Europe/Paris may be left out or come twice when the clocks change; ' +
        'use a time from 04:00 on, or UTC',
    ]);
  });

  it('come for one time at night among others by day', () => {
    expect(warningsOf({ cron: '0 3,12 * * *', time_zone: 'Europe/Paris' })).toHaveLength(1);
    expect(warningsOf({ cron: '0 4,12 * * *', time_zone: 'Europe/Paris' })).toEqual([]);
  });

  it('say that a preset below a day knows no zone', () => {
    expect(warningsOf({ every: '1h', time_zone: 'Asia/Tokyo' })).toEqual([
      '`time_zone` has no effect on a preset below a day, which is counted in UTC',
    ]);
  });
});

describe('the floor', () => {
  const remedy = /`allow_short_intervals: true` lowers this to 5 minutes$/;

  it('names the remedy where it helps, and only there', () => {
    expect(problemOf({ every: '5m' })).toMatch(remedy);
    expect(problemOf({ cron: '*/5 * * * *' })).toMatch(remedy);
    expect(problemOf({ cron: '*/4 * * * *' })).not.toMatch(remedy);
  });
});

describe('a schedule that was checked', () => {
  const preset = fc.constantFrom(...SCHEDULE_PRESETS).map((every) => ({ every }));
  const times = fc.tuple(fc.nat({ max: 59 }), fc.nat({ max: 23 }), fc.integer({ min: 1, max: 28 }));
  const cron = times.map(([minute, hour, day]) => ({ cron: ` ${minute} ${hour} ${day} * * ` }));

  it('compiles, and fires at most every 5 minutes and at least every 31 days', () => {
    fc.assert(
      fc.property(fc.oneof(preset, cron), (written) => {
        const schedule = scheduleSchema.parse({ ...written, allow_short_intervals: true });
        const window = compileSchedule(schedule)?.catchupWindowMs ?? 0;
        expect(window).toBeGreaterThanOrEqual(5 * 60_000);
        expect(window).toBeLessThanOrEqual(31 * 86_400_000);
      }),
      { numRuns: 30 },
    );
  });

  it('is none that never fires: compiling one is a mistake of the caller', () => {
    const unchecked = { cron: '0 0 31 4 *', time_zone: 'UTC', allow_short_intervals: false };
    expect(() => compileSchedule(unchecked)).toThrow(new RangeError('the schedule never fires'));
  });
});
