/** Numbers and times as the status page shows them. Pure. */

export const number = (value: number): string => value.toLocaleString('en-US');

/** `2026-01-31 12:00 UTC` */
export const timeText = (time: Date): string => `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`;

const UNITS = [
  [86_400, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
] as const;

/** `3 minutes`, in the largest unit that fits. @param seconds below 0: counts as 0 */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [size, unit] = UNITS.find(([size]) => whole >= size) ?? [1, 'second'];
  const count = Math.floor(whole / size);
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

/** `3 minutes ago`, `in 2 hours` */
export function distance(time: Date, now: Date): string {
  const seconds = (time.getTime() - now.getTime()) / 1_000;
  return seconds > 0 ? `in ${duration(seconds)}` : `${duration(-seconds)} ago`;
}
