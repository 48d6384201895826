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
  const date = new Date(Date.UTC(2000, Number(month) - 1, Number(day)));
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  const exists = date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
  return exists && Number(hour) < 24 && Number(minute) < 60 && Number(second) <= 60;
}
