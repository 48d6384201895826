/** Pages of ten with `Link` headers, as Braze's API pages its lists. Pure. */
import { ProblemError } from '../problem.ts';

export const PAGE_SIZE = 10;

/**
 * @param cursor of the request; undefined: the first page
 * @returns how many items lie before the page
 * @throws ProblemError 400 `Invalid cursor`
 */
export function skipOf(cursor: string | undefined): number {
  if (cursor === undefined) return 0;
  const [, skip] = /^skip:(\d{1,9})$/.exec(Buffer.from(cursor, 'base64').toString('latin1')) ?? [];
  if (skip === undefined || cursorOf(Number(skip)) !== cursor.padEnd(cursor.length + padding(cursor), '='))
    throw new ProblemError(400, 'invalid_cursor', 'Invalid cursor');
  return Number(skip);
}

/** A cursor whose padding got lost on its way is the same cursor. */
const padding = (cursor: string): number => (4 - (cursor.length % 4)) % 4;

const cursorOf = (skip: number): string => Buffer.from(`skip:${skip}`).toString('base64');

/**
 * @param path of the list, relative to the server
 * @param hasMore whether items lie behind the page
 * @returns the header; undefined where everything is on one page
 */
export function linkHeader(path: string, skip: number, hasMore: boolean): string | undefined {
  // Unescaped, as Braze writes it: some clients cut the cursor out and escape it themselves.
  const link = (to: number, rel: string): string => `<${path}?cursor=${cursorOf(to)}>; rel="${rel}"`;
  const links = [
    ...(skip > 0 ? [link(Math.max(0, skip - PAGE_SIZE), 'prev')] : []),
    ...(hasMore ? [link(skip + PAGE_SIZE, 'next')] : []),
  ];
  return links.length === 0 ? undefined : links.join(',');
}
