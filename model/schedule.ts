/** When a sync runs: presets, cron, or only by hand. The floor and the ceiling of the interval are checked here. */
import { z } from 'zod';
import { type Gaps, measureGaps, parseCron } from './cron.ts';
import { changesClock, isTimeZone } from './time-zone.ts';

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;

/** Below a day a preset is an interval, counted in UTC; from a day on it is a cron on the clock of `time_zone`. */
const PRESET_MINUTES = {
  '5m': 5,
  '10m': 10,
  '15m': 15,
  '20m': 20,
  '30m': 30,
  '1h': 60,
  '2h': 120,
  '3h': 180,
  '4h': 240,
  '6h': 360,
  '8h': 480,
  '12h': 720,
} as const;
const PRESET_CRONS = { '1 day': '0 0 * * *', '1 week': '0 0 * * MON', '1 month': '0 0 1 * *' } as const;

const SHORT_PRESETS = Object.keys(PRESET_MINUTES) as (keyof typeof PRESET_MINUTES)[];
const LONG_PRESETS = Object.keys(PRESET_CRONS) as (keyof typeof PRESET_CRONS)[];
export const SCHEDULE_PRESETS = [...SHORT_PRESETS, ...LONG_PRESETS] as const;

const FLOOR_MINUTES = 15;
const SHORT_FLOOR_MINUTES = 5;
const CEILING_MINUTES = 31 * DAY_MINUTES;

const timedSchema = z
  .strictObject({
    every: z
      .enum(SCHEDULE_PRESETS)
      .optional()
      .describe(
        'A preset. Below a day: evenly spaced and counted from midnight UTC. `1 day` is at midnight, `1 week` on Monday ' +
          'at midnight, `1 month` on the first at midnight, all on the clock of `time_zone`. Either `every` or `cron`.',
      ),
    cron: z
      .string()
      .optional()
      .describe(
        'Five cron fields: minute, hour, day of month, month, day of week, such as `0 */2 * * *`. A time matches when ' +
          '**all** fields match, day of month and day of week too. Either `every` or `cron`.',
      ),
    time_zone: z
      .string()
      .refine(isTimeZone, 'write an IANA time zone such as Europe/Paris, with its capitals')
      .default('UTC')
      .describe(
        'IANA name of the clock that `cron` and the presets from a day on follow. At a change of daylight saving time, a ' +
          'time that the clock leaves out does not fire, and one that it shows twice fires twice.',
      ),
    allow_short_intervals: z
      .boolean()
      .default(false)
      .describe('Lowers the shortest interval from 15 to 5 minutes.'),
  })
  .superRefine((schedule, context) => {
    for (const problem of timingProblems(schedule)) context.addIssue({ code: 'custom', ...problem });
  });

export const scheduleSchema = z
  .union([z.literal('manual'), timedSchema])
  .describe(
    'When the sync runs: a preset or a cron, or `manual` for only by hand. Runs start at least 15 minutes and at most 31 ' +
      'days apart; this is measured on the wall clock, as if it never changed to daylight saving time.',
  );

export type Schedule = z.infer<typeof scheduleSchema>;
type TimedSchedule = z.infer<typeof timedSchema>;

const MONTHS = [
  ...(['JANUARY', 'FEBRUARY', 'MARCH', 'APRIL', 'MAY', 'JUNE'] as const),
  ...(['JULY', 'AUGUST', 'SEPTEMBER', 'OCTOBER', 'NOVEMBER', 'DECEMBER'] as const),
];
const WEEKDAYS = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'] as const;

/** The times of a cron, as the calendar of a Temporal schedule: a time matches when every field does. */
export interface Calendar {
  minute: number[];
  hour: number[];
  dayOfMonth: number[] | '*';
  month: (typeof MONTHS)[number][] | '*';
  dayOfWeek: (typeof WEEKDAYS)[number][] | '*';
  /** The cron it comes from; the Temporal UI shows it. */
  comment: string;
}

/** A schedule in the words of Temporal's schedule spec. */
export interface CompiledSchedule {
  /** `every` in milliseconds, counted from the epoch. */
  intervals?: { every: number }[];
  calendars?: Calendar[];
  timezone: string;
  /** The shortest time between two firings: a tick that is later than this has been overtaken by the next. */
  catchupWindowMs: number;
}

/**
 * @param schedule as validated by `scheduleSchema`
 * @returns what a Temporal schedule needs, or null for `manual`
 */
export function compileSchedule(schedule: Schedule): CompiledSchedule | null {
  if (schedule === 'manual') return null;
  const minutes = intervalMinutes(schedule);
  if (minutes !== undefined) {
    const every = minutes * MINUTE_MS;
    return { intervals: [{ every }], timezone: 'UTC', catchupWindowMs: every };
  }
  const cron = cronOf(schedule);
  const times = parseCron(cron);
  const gaps = measureGaps(times);
  if (!gaps) throw new RangeError('the schedule never fires');
  // The parsed times go to the server, not the text: what was measured is what fires.
  return {
    calendars: [
      {
        minute: times.minutes,
        hour: times.hours,
        dayOfMonth: times.days.length === 31 ? '*' : times.days,
        month:
          times.months.length === 12 ? '*' : MONTHS.filter((_, index) => times.months.includes(index + 1)),
        dayOfWeek:
          times.weekdays.length === 7 ? '*' : WEEKDAYS.filter((_, index) => times.weekdays.includes(index)),
        comment: cron,
      },
    ],
    timezone: schedule.time_zone,
    catchupWindowMs: gaps.smallest * MINUTE_MS,
  };
}

/**
 * @param schedule as validated by `scheduleSchema`
 * @returns the longest time between two firings, in milliseconds; undefined where it never fires by itself
 */
export function longestGapMs(schedule: Schedule): number | undefined {
  if (schedule === 'manual') return undefined;
  const gaps = gapsOf(schedule);
  return gaps && gaps.largest * MINUTE_MS;
}

/**
 * What is allowed but may surprise.
 *
 * @param schedule as validated by `scheduleSchema`
 * @returns sentences; none when there is nothing to say
 */
export function scheduleWarnings(schedule: Schedule): string[] {
  if (schedule === 'manual') return [];
  if (intervalMinutes(schedule) !== undefined) {
    if (schedule.time_zone === 'UTC') return [];
    return ['`time_zone` has no effect on a preset below a day, which is counted in UTC'];
  }
  const atNight = parseCron(cronOf(schedule)).hours.some((hour) => hour < 4);
  if (!atNight || !changesClock(schedule.time_zone)) return [];
  return [
    `a time between 00:00 and 03:59 in ${schedule.time_zone} may be left out or come twice when the clocks change; ` +
      'use a time from 04:00 on, or UTC',
  ];
}

interface Problem {
  path: [keyof TimedSchedule] | [];
  message: string;
}

function timingProblems(schedule: TimedSchedule): Problem[] {
  if ((schedule.every === undefined) === (schedule.cron === undefined)) {
    return [{ path: [], message: 'give either `every` or `cron`' }];
  }
  const path: [keyof TimedSchedule] = schedule.cron === undefined ? ['every'] : ['cron'];
  let gaps: Gaps | undefined;
  try {
    gaps = gapsOf(schedule);
  } catch (error) {
    return [{ path, message: error instanceof Error ? error.message : String(error) }];
  }
  if (!gaps) return [{ path, message: 'it never fires: no day matches both its date and its weekday' }];
  const floor = schedule.allow_short_intervals ? SHORT_FLOOR_MINUTES : FLOOR_MINUTES;
  if (gaps.smallest < floor) {
    const remedy =
      gaps.smallest >= SHORT_FLOOR_MINUTES ? '; `allow_short_intervals: true` lowers this to 5 minutes' : '';
    return [
      {
        path,
        message: `it fires ${inWords(gaps.smallest)} apart; at least ${inWords(floor)} are needed${remedy}`,
      },
    ];
  }
  if (gaps.largest > CEILING_MINUTES) {
    return [
      { path, message: `it leaves up to ${inWords(gaps.largest)} between two firings; 31 days is the most` },
    ];
  }
  return [];
}

function intervalMinutes({ every }: TimedSchedule): number | undefined {
  const preset = SHORT_PRESETS.find((name) => name === every);
  return preset && PRESET_MINUTES[preset];
}

function cronOf(schedule: TimedSchedule): string {
  const preset = LONG_PRESETS.find((name) => name === schedule.every);
  return preset ? PRESET_CRONS[preset] : (schedule.cron ?? '').trim();
}

/** @returns undefined when it never fires */
function gapsOf(schedule: TimedSchedule): Gaps | undefined {
  const minutes = intervalMinutes(schedule);
  return minutes === undefined
    ? measureGaps(parseCron(cronOf(schedule)))
    : { smallest: minutes, largest: minutes };
}

function inWords(minutes: number): string {
  const counts = [
    [Math.floor(minutes / DAY_MINUTES), 'day'],
    [Math.floor((minutes % DAY_MINUTES) / 60), 'hour'],
    [minutes % 60, 'minute'],
  ] as const;
  return counts
    .flatMap(([count, unit]) => (count > 0 ? [`${count} ${unit}${count === 1 ? '' : 's'}`] : []))
    .join(' ');
}
