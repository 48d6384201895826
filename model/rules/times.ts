/** Times as texts. Nothing here passes through a Date: it would lose what lies below the millisecond. */

/** Date, or date and time, in ISO 8601; also the form with `:` before the milliseconds, and a blank for the `T`. */
const ISO =
  /^(\d{4})-?(\d{2})-?(\d{2})(?:[T ](\d{2}):?(\d{2})(?::?(\d{2})(?:[.,:]\d+)?)?(?: ?(?:Z|[+-]\d{2}(?::?\d{2})?))?)?$/;
const AMERICAN = /^(\d{2})\/(\d{2})\/(\d{4})$/;
/** `ddd MM dd HH:mm:ss.TZD YYYY`, the month as a number or a name. */
const WRITTEN_OUT = /^[A-Z][a-z]{2} (?:\d{2}|[A-Z][a-z]{2}) \d{2} \d{2}:\d{2}:\d{2}\S*(?: \S+)? (\d{4})$/;
/** Braze does not store a nested time beyond this year. */
const LAST_NESTED_YEAR = 3000;
const LEAP_SECOND = 60;

/** Whether Braze takes a text as the `time` of an event or purchase. Source: the event object's page. */
export function isEventTime(text: string): boolean {
  const match = ISO.exec(text);
  if (!match) return false;
  const [, year, month, day, hour, minute, second] = match;
  return isDate(year, month, day) && isUpTo(hour, 23) && isUpTo(minute, 59) && isUpTo(second, LEAP_SECOND);
}

/** Whether Braze stores a text as the `$time` of a nested attribute; others make it drop the update silently. */
export function isNestedTime(text: string): boolean {
  if (isEventTime(text)) return isUpTo(text.slice(0, 4), LAST_NESTED_YEAR);
  const american = AMERICAN.exec(text);
  if (american) {
    const [, month, day, year] = american;
    return isDate(year, month, day) && isUpTo(year, LAST_NESTED_YEAR);
  }
  return Number(WRITTEN_OUT.exec(text)?.[1] ?? Infinity) <= LAST_NESTED_YEAR;
}

/**
 * UPDATED_AT, which is always UTC, as ISO 8601 at the precision it has.
 *
 * @returns undefined where the text is none that a warehouse gives, such as a year beyond 9999
 */
export function isoFromUpdatedAt(updatedAt: string): string | undefined {
  const local = updatedAt.endsWith('Z') ? updatedAt.slice(0, -1) : updatedAt;
  const iso = `${local.slice(0, 10)}T${local.slice(11)}Z`;
  return /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z$/.test(iso) ? iso : undefined;
}

function isDate(year: string | undefined, month: string | undefined, day: string | undefined): boolean {
  const days = daysIn(Number(year), Number(month));
  return Number(day) >= 1 && Number(day) <= days;
}

/** @returns 0 where there is no such month */
function daysIn(year: number, month: number): number {
  if (month < 1 || month > 12) return 0;
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** A part that was left out is fine. */
function isUpTo(part: string | undefined, limit: number): boolean {
  return part === undefined || Number(part) <= limit;
}
