/** Lists that are read page by page: `next` leads on, in the body and as a `Link` header. */
import type { Context } from 'hono';

/**
 * @param found what was read: one more than the page holds, where there is more
 * @param cursor what the next page is asked with
 */
export function pageOf<T>(
  c: Context,
  found: readonly T[],
  limit: number,
  cursor: (last: T) => Readonly<Record<string, string>>,
): { readonly items: readonly T[]; readonly next: string | null } {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  if (found.length <= limit || last === undefined) return { items, next: null };
  const url = new URL(c.req.url);
  for (const [name, value] of Object.entries(cursor(last))) url.searchParams.set(name, value);
  const next = `${url.pathname}${url.search}`;
  c.header('Link', `<${next}>; rel="next"`);
  return { items, next };
}
