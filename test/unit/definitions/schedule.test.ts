import { Cron } from 'croner';
import { describe, expect, it } from 'vitest';
import {
  compileSchedule,
  scheduleSchema,
  scheduleWarnings,
  SCHEDULE_PRESETS,
  type Schedule,
} from '../../../model/schedule.ts';

const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;

function problemOf(schedule: unknown): string | undefined {
  const issue = scheduleSchema.safeParse(schedule).error?.issues[0];
  return issue && `${issue.path.join('.')}: ${issue.message}`;
}

const compiled = (schedule: unknown): ReturnType<typeof compileSchedule> =>
  compileSchedule(scheduleSchema.parse(schedule));

const unchecked = (cron: string): Schedule => ({ cron, time_zone: 'UTC', allow_short_intervals: false });

describe('presets', () => {
  it.each(SCHEDULE_PRESETS)('%s is accepted', (every) => {
    expect(problemOf({ every, allow_short_intervals: true })).toBeUndefined();
  });

  it('manual compiles to nothing', () => {
    expect(compiled('manual')).toBeNull();
  });

  it('below a day they are intervals of UTC', () => {
    expect(compiled({ every: '15m' })).toEqual({
      intervals: [{ every: 15 * MINUTE }],
      timezone: 'UTC',
      catchupWindowMs: 15 * MINUTE,
    });
  });

  it.each([
    ['1 day', {}, DAY],
    ['1 week', { dayOfWeek: ['MONDAY'] }, 7 * DAY],
    ['1 month', { dayOfMonth: [1] }, 28 * DAY],
  ])('%s is a calendar in its zone', (every, fields, catchupWindowMs) => {
    expect(compiled({ every, time_zone: 'Asia/Tokyo' })).toEqual({
      calendars: [
        {
          minute: [0],
          hour: [0],
          dayOfMonth: '*',
          month: '*',
          dayOfWeek: '*',
          comment: expect.any(String) as string,
          ...fields,
        },
      ],
      timezone: 'Asia/Tokyo',
      catchupWindowMs,
    });
  });
});

describe('cron', () => {
  it('compiles to the times it names', () => {
    expect(compileSchedule(unchecked(' 0,30 6-8 1-31/7 jan-dec mon-fri,SUN '))?.calendars).toEqual([
      {
        minute: [0, 30],
        hour: [6, 7, 8],
        dayOfMonth: [1, 8, 15, 22, 29],
        month: '*',
        dayOfWeek: ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY'],
        comment: '0,30 6-8 1-31/7 jan-dec mon-fri,SUN',
      },
    ]);
  });

  it.each(['0', '7', 'SUN'])('takes %s for Sunday', (day) => {
    expect(compiled({ cron: `0 6 * * ${day}` })?.calendars?.[0]?.dayOfWeek).toEqual(['SUNDAY']);
  });

  it('names months', () => {
    expect(compileSchedule(unchecked('0 6 1 2,12 *'))?.calendars?.[0]?.month).toEqual([
      'FEBRUARY',
      'DECEMBER',
    ]);
  });
});

describe('the floor', () => {
  it.each([
    [
      { every: '10m' },
      'every: it fires 10 minutes apart; at least 15 minutes are needed; `allow_short_intervals: true` lowers this to 5 minutes',
    ],
    [{ cron: '*/14 * * * *' }, 'cron: it fires 4 minutes apart; at least 15 minutes are needed'],
    [
      { cron: '*/4 * * * *', allow_short_intervals: true },
      'cron: it fires 4 minutes apart; at least 5 minutes are needed',
    ],
    [
      { cron: '0,50 0,23 * * *' },
      'cron: it fires 10 minutes apart; at least 15 minutes are needed; `allow_short_intervals: true` lowers this to 5 minutes',
    ],
    [
      { cron: '* * * * *', allow_short_intervals: true },
      'cron: it fires 1 minute apart; at least 5 minutes are needed',
    ],
  ])('refuses %o', (schedule, problem) => {
    expect(problemOf(schedule)).toBe(problem);
  });

  it.each([
    { cron: '*/15 * * * *' },
    { cron: '0,15 9 * * *' },
    { every: '5m', allow_short_intervals: true },
    { cron: '*/5 * * * *', allow_short_intervals: true },
    // The hours 0 and 23 are an hour apart over night, the minutes 0 and 45 a quarter.
    { cron: '0,45 0,23 * * *' },
  ])('accepts %o', (schedule) => {
    expect(problemOf(schedule)).toBeUndefined();
  });

  it('does not count the hour that a change of clocks repeats', () => {
    expect(problemOf({ cron: '0 */2 * * *', time_zone: 'Europe/Paris' })).toBeUndefined();
  });
});

describe('the ceiling', () => {
  it.each(['0 0 1 * *', '0 0 28 * *', '0 0 * * MON', '0 6 1,15 * *'])('accepts %s', (cron) => {
    expect(problemOf({ cron })).toBeUndefined();
  });

  it.each([
    ['0 0 30 * *', '60 days'],
    ['0 0 31 * *', '61 days'],
    ['0 0 1 */2 *', '62 days'],
    ['0 0 1 1 *', '366 days'],
    ['0 0 29 2 *', '1461 days'],
    ['0,30 6-8 1-7 JAN,JUL *', '177 days 21 hours 30 minutes'],
    // Day of month AND day of week, as Temporal reads it: the first Monday of the month.
    ['0 0 1-7 * MON', '35 days'],
  ])('refuses %s', (cron, gap) => {
    expect(problemOf({ cron })).toBe(`cron: it leaves up to ${gap} between two firings; 31 days is the most`);
  });

  it('refuses what never fires', () => {
    expect(problemOf({ cron: '0 0 31 4 *' })).toBe(
      'cron: it never fires: no day matches both its date and its weekday',
    );
  });
});

describe('what is no schedule', () => {
  it.each([
    [{}, ': give either `every` or `cron`'],
    [{ every: '1h', cron: '0 * * * *' }, ': give either `every` or `cron`'],
    [{ cron: '0 0 * *' }, 'cron: write five fields (minute, hour, day of month, month, day of week), not 4'],
    [
      { cron: '0 0 0 * * *' },
      'cron: write five fields (minute, hour, day of month, month, day of week), not 6',
    ],
    [{ cron: '0 0 L * *' }, 'cron: use only numbers, names such as JAN and MON, and the signs * , - /'],
    [{ cron: '0 0 * * MON#1' }, 'cron: use only numbers, names such as JAN and MON, and the signs * , - /'],
    [{ cron: '0 0 ? * *' }, 'cron: use only numbers, names such as JAN and MON, and the signs * , - /'],
    [{ cron: '61 * * * *' }, expect.stringMatching(/^cron: it is no cron of .*minute: 61$/)],
    [
      { cron: '0 0 * * *', time_zone: 'Mars/Base' },
      expect.stringMatching(/^time_zone: write an IANA time zone/),
    ],
    [
      { cron: '0 0 * * *', time_zone: 'europe/paris' },
      expect.stringMatching(/^time_zone: write an IANA time zone/),
    ],
    [
      { cron: '0 0 * * *', time_zone: '+02:00' },
      expect.stringMatching(/^time_zone: write an IANA time zone/),
    ],
  ])('%o', (schedule, problem) => {
    expect(problemOf(schedule)).toEqual(problem);
  });

  it.each(['UTC', 'Asia/Kolkata', 'Asia/Calcutta', 'America/Argentina/Buenos_Aires', 'Etc/GMT+3'])(
    '%s is a zone',
    (time_zone) => {
      expect(problemOf({ cron: '0 6 * * *', time_zone })).toBeUndefined();
    },
  );
});

describe('warnings', () => {
  it.each([
    [{ cron: '30 2 * * *', time_zone: 'Europe/Paris' }, 1],
    [{ cron: '30 0 * * *', time_zone: 'America/New_York' }, 1],
    [{ cron: '30 3 * * *', time_zone: 'Africa/Casablanca' }, 1],
    [{ every: '1 day', time_zone: 'Europe/Paris' }, 1],
    [{ cron: '0 4 * * *', time_zone: 'Europe/Paris' }, 0],
    [{ cron: '30 2 * * *', time_zone: 'Asia/Tokyo' }, 0],
    [{ cron: '30 2 * * *' }, 0],
    [{ every: '1h' }, 0],
    [{ every: '1h', time_zone: 'Asia/Tokyo' }, 1],
    ['manual', 0],
  ])('%o: %i', (schedule, count) => {
    expect(scheduleWarnings(scheduleSchema.parse(schedule))).toHaveLength(count);
  });
});

describe('an independent count of firings agrees', () => {
  it.each(['5 */3 * * *', '0 9,10,17 * * MON-FRI', '15 6 1,11,21 * *', '0 0 */2 * *', '30 23 * * 0,3'])(
    '%s',
    (cron) => {
      const job = new Cron(cron, { timezone: 'UTC', domAndDow: true, paused: true });
      const times: number[] = [];
      for (
        let at = job.nextRun(new Date('2025-12-31T23:59:00Z'));
        at && at.getTime() < Date.UTC(2027, 2, 1);
      ) {
        times.push(at.getTime());
        at = job.nextRun(at);
      }
      job.stop();
      const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
      expect(compiled({ cron })?.catchupWindowMs).toBe(Math.min(...gaps));
    },
  );
});
