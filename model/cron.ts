/** Which times a cron names, and how far they lie apart. */
import { CronPattern } from 'croner';

const DAY_MINUTES = 1_440;

/** The values that each field of a cron allows, in ascending order. */
export interface CronTimes {
  minutes: number[];
  hours: number[];
  days: number[];
  months: number[];
  /** 0 is Sunday. */
  weekdays: number[];
}

/**
 * Only the syntax that cron and Temporal share: no `L`, `W`, `#`, `?`, no seconds, no nicknames.
 *
 * @throws Error whose message says what is wrong
 */
export function parseCron(cron: string): CronTimes {
  const fields = cron.split(/\s+/);
  if (fields.length !== 5) {
    throw new Error(
      `write five fields (minute, hour, day of month, month, day of week), not ${fields.length}`,
    );
  }
  if (fields.some((field) => !/^[\d*,/-]+$/.test(field.replaceAll(/[a-z]{3}/gi, '0')))) {
    throw new Error('use only numbers, names such as JAN and MON, and the signs * , - /');
  }
  let pattern: CronPattern;
  try {
    pattern = new CronPattern(cron);
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^CronPattern: /, '') : String(error);
    throw new Error(
      'it is no cron of minute (0-59), hour (0-23), day of month (1-31), month (1-12) and day of week (0-7): ' +
        reason,
      { cause: error },
    );
  }
  const chosen = (flags: readonly number[], first: number): number[] =>
    flags.flatMap((flag, index) => (flag ? [index + first] : []));
  return {
    minutes: chosen(pattern.minute, 0),
    hours: chosen(pattern.hour, 0),
    days: chosen(pattern.day, 1),
    months: chosen(pattern.month, 1),
    weekdays: chosen(pattern.dayOfWeek, 0),
  };
}

/** In minutes. */
export interface Gaps {
  smallest: number;
  largest: number;
}

/** Dates fall on the same weekdays again after 28 years, so a gap that is not found in them does not exist. */
const CYCLE_DAYS = 28 * 365 + 7;
const CYCLE_START_YEAR = 2001;

/**
 * On the wall clock, as if it never changed to daylight saving time.
 *
 * @returns undefined when it never fires
 */
export function measureGaps(times: CronTimes): Gaps | undefined {
  const days: number[] = [];
  for (let day = 0; day < CYCLE_DAYS; day += 1) {
    const date = new Date(Date.UTC(CYCLE_START_YEAR, 0, 1 + day));
    const matches =
      times.days.includes(date.getUTCDate()) &&
      times.months.includes(date.getUTCMonth() + 1) &&
      times.weekdays.includes(date.getUTCDay());
    if (matches) days.push(day);
  }
  const [firstDay] = days;
  if (firstDay === undefined) return undefined;
  const ofDay = times.hours.flatMap((hour) => times.minutes.map((minute) => hour * 60 + minute));
  const overnight = (ofDay[0] ?? 0) - (ofDay.at(-1) ?? 0);
  const withinDay = ofDay.slice(1).map((minute, index) => minute - (ofDay[index] ?? 0));
  const betweenDays = [...days.slice(1), firstDay + CYCLE_DAYS].map(
    (day, index) => (day - (days[index] ?? 0)) * DAY_MINUTES + overnight,
  );
  let smallest = Infinity;
  let largest = 0;
  for (const gap of [...withinDay, ...betweenDays]) {
    smallest = Math.min(smallest, gap);
    largest = Math.max(largest, gap);
  }
  return { smallest, largest };
}
