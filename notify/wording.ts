/** Numbers and times as people read them. Fixed to English and UTC, so that a mail is the same on every machine. */

const COUNT = new Intl.NumberFormat('en-US');

/** @returns for example `1,200` */
export const formatCount = (count: number): string => COUNT.format(count);

/** @returns for example `1 row` or `1,200 rows` */
export const formatRows = (count: number): string => `${formatCount(count)} ${count === 1 ? 'row' : 'rows'}`;

/**
 * A share in percent with one decimal. Rounding never says none or all where it is not so.
 *
 * @returns for example `1.2 %`; undefined of nothing
 */
export function formatShare(part: number, whole: number): string | undefined {
  if (whole <= 0) return undefined;
  const tenths = Math.round((part / whole) * 1000);
  if (part > 0 && tenths === 0) return '< 0.1 %';
  if (part < whole && tenths === 1000) return '> 99.9 %';
  return `${String(tenths / 10)} %`;
}

/** @returns for example `2026-01-31 08:15:00 UTC` */
export const formatTime = (time: Date): string => `${time.toISOString().slice(0, 19).replace('T', ' ')} UTC`;

/** @returns for example `45 s`, `3 min 12 s` or `2 h 5 min` */
export function formatElapsed(from: Date, to: Date): string {
  const seconds = Math.max(0, Math.round((to.getTime() - from.getTime()) / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/**
 * Line breaks and control characters become spaces: text from a driver or a table can neither add a header to a
 * mail nor pass for a line of its own. Marks that turn the writing direction could make it read as something else.
 */
export const oneLine = (text: string): string =>
  text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]+/gu, ' ').trim();

/** The same for a line whose indentation matters. */
export const indentedLine = (line: string): string => `${/^ */.exec(line)?.[0] ?? ''}${oneLine(line)}`;

/** Cuts text that is longer than a number of characters, and shows that it did. */
export function shorten(text: string, characters: number): string {
  const all = Array.from(text);
  return all.length <= characters ? text : `${all.slice(0, characters - 1).join('')}…`;
}
