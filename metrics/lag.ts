/**
 * @param upperBound a source's time in UTC, as `2026-01-31 08:15:00.123456`, at whatever precision
 * @param now in milliseconds since 1970
 * @returns seconds between the two, never below 0; undefined where it is no time
 */
export function lagSeconds(upperBound: string, now: number): number | undefined {
  const match = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2})(\.\d{1,3})?/.exec(upperBound);
  if (!match) return undefined;
  const [, date = '', time = '', fraction = ''] = match;
  return Math.max(0, (now - Date.parse(`${date}T${time}${fraction}Z`)) / 1_000);
}
