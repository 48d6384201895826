const ISO_LIKE =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.:]\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/;
const MONTH_FIRST = /^(\d{2})\/(\d{2})\/(\d{4})$/;
const WEEKDAY_FIRST = /^[A-Z][a-z]{2} (\d{2}) (\d{2}) (\d{2}):(\d{2}):(\d{2})\.?[A-Z0-9:+-]+ (\d{4})$/;

/** Whether a text is a time in one of the published forms, and of a day that exists. */
export function isTime(text: string): boolean {
  const iso = ISO_LIKE.exec(text);
  if (iso) return isMoment(iso[1], iso[2], iso[3], iso[4], iso[5], iso[6]);
  const monthFirst = MONTH_FIRST.exec(text);
  if (monthFirst) return isMoment(monthFirst[3], monthFirst[1], monthFirst[2]);
  const weekday = WEEKDAY_FIRST.exec(text);
  if (weekday) return isMoment(weekday[6], weekday[1], weekday[2], weekday[3], weekday[4], weekday[5]);
  return false;
}

function isMoment(year = '0', month = '0', day = '0', hour = '0', minute = '0', second = '0'): boolean {
  const lastDay = daysIn(Number(year), Number(month));
  const isDay = Number(day) >= 1 && Number(day) <= lastDay;
  return isDay && Number(hour) < 24 && Number(minute) < 60 && Number(second) <= 60;
}

/** Days of a month, counted from 1; none where there is no such month. */
function daysIn(year: number, month: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (month === 2) return isLeap ? 29 : 28;
  return [31, 0, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
}
