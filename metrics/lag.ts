import { isoInstant } from '../model/instant.ts';

/**
 * @param upperBound a source's time in UTC, as `2026-01-31 08:15:00.123456`, at whatever precision
 * @param now in milliseconds since 1970
 * @returns seconds between the two, never below 0; undefined where it is no time
 */
export function lagSeconds(upperBound: string, now: number): number | undefined {
  const iso = isoInstant(upperBound);
  return iso === '' ? undefined : Math.max(0, (now - Date.parse(iso)) / 1_000);
}
