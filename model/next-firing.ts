/** When a schedule fires next, for those who only want to show it. Temporal decides when it really does. */
import { Cron } from 'croner';
import { type Schedule, compileSchedule } from './schedule.ts';

/** Long enough for a schedule at which a clock that changes left a time out. */
const TRIES = 3;

/**
 * @param schedule as validated by `scheduleSchema`
 * @returns null for `manual`
 */
export function nextFiring(schedule: Schedule, after: Date): Date | null {
  const compiled = compileSchedule(schedule);
  const [interval] = compiled?.intervals ?? [];
  if (interval) return new Date((Math.floor(after.getTime() / interval.every) + 1) * interval.every);
  const [calendar] = compiled?.calendars ?? [];
  if (!compiled || !calendar) return null;
  const cron = new Cron(calendar.comment, { timezone: compiled.timezone, domAndDow: true, paused: true });
  const hours = new Intl.DateTimeFormat('en-GB', {
    hour: 'numeric',
    hourCycle: 'h23',
    timeZone: compiled.timezone,
  });
  let next = cron.nextRun(after);
  // A time that the clock leaves out is moved by the library; Temporal lets it go by.
  for (let left = TRIES; next && left > 0 && !calendar.hour.includes(Number(hours.format(next))); left -= 1)
    next = cron.nextRun(next);
  return next;
}
