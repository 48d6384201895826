/** Who looks at the status page: a session behind a cookie, opened with a key. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { requireGrant } from '../authenticate.ts';
import type { ApiDependencies, ApiEnvironment } from '../environment.ts';
import { ProblemError } from '../problem.ts';

const LIFETIME_MS = 12 * 3_600_000;
const COOKIE = 'cdi_session';

type PageContext = Context<ApiEnvironment>;

/** The cookie as this server must set it: `__Host-` pins a secure one to this very host. */
export interface SessionCookie {
  readonly read: (c: PageContext) => string | undefined;
  readonly write: (c: PageContext, token: string) => void;
  readonly remove: (c: PageContext) => void;
}

export function sessionCookie({ tls, publicUrl }: Pick<ApiDependencies, 'tls' | 'publicUrl'>): SessionCookie {
  const secure = tls || publicUrl?.protocol === 'https:';
  const options = {
    path: '/',
    httpOnly: true,
    sameSite: 'Lax',
    secure,
    ...(secure ? { prefix: 'host' as const } : {}),
  } as const;
  return {
    read: (c) => (secure ? getCookie(c, COOKIE, 'host') : getCookie(c, COOKIE)),
    write: (c, token) => setCookie(c, COOKIE, token, { ...options, maxAge: LIFETIME_MS / 1_000 }),
    remove: (c) => void deleteCookie(c, COOKIE, options),
  };
}

/**
 * Opens a session under a new token, whatever cookie came with the request: a token that somebody planted is of no use.
 *
 * @param text the key that was typed in
 * @throws ProblemError 401, 403
 */
export async function signIn(
  { session }: ApiDependencies,
  cookie: SessionCookie,
  c: PageContext,
  text: string,
): Promise<void> {
  const key = await session.ledger.apiKeys.verify(text);
  if (!key) throw new ProblemError(401, 'invalid_key', 'This is no valid key.');
  requireGrant(key, 'v1.read');
  const before = cookie.read(c);
  if (before !== undefined) await session.ledger.apiSessions.close(before);
  cookie.write(c, await session.ledger.apiSessions.open(key.id, LIFETIME_MS));
}

export async function signOut(
  { session }: Pick<ApiDependencies, 'session'>,
  cookie: SessionCookie,
  c: PageContext,
): Promise<void> {
  const token = cookie.read(c);
  if (token !== undefined) await session.ledger.apiSessions.close(token);
  cookie.remove(c);
}

/** Sends whoever has no session to where one is opened, and back. */
export function requireSession(
  { session }: ApiDependencies,
  cookie: SessionCookie,
): MiddlewareHandler<ApiEnvironment> {
  return async (c, next) => {
    const token = cookie.read(c);
    const key = token === undefined ? undefined : await session.ledger.apiSessions.keyOf(token);
    if (token === undefined || !key) {
      if (c.req.method !== 'GET')
        throw new ProblemError(401, 'signed_out', 'The session has ended. Sign in again.');
      return c.redirect(c.req.path === '/' ? '/login' : `/login?to=${encodeURIComponent(c.req.path)}`, 303);
    }
    requireGrant(key, 'v1.read');
    c.set('key', key);
    c.set('sessionToken', token);
    return next();
  };
}

/** What every form of a session carries, and no other site can know. */
export const csrfToken = (sessionToken: string): string =>
  createHmac('sha256', sessionToken).update('csrf').digest('base64url');

/** @throws ProblemError 403 where a form was not made for this session */
export function requireCsrfToken(sessionToken: string, presented: unknown): void {
  const expected = Buffer.from(csrfToken(sessionToken));
  const given = Buffer.from(typeof presented === 'string' ? presented : '');
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    throw new ProblemError(403, 'form_outdated', 'This form is not of this session. Load the page again.');
}

/**
 * Refuses what a page of another site sends, where there is no session yet whose token could be asked for.
 *
 * @throws ProblemError 403
 */
export function requireSameOrigin({ publicUrl }: ApiDependencies): MiddlewareHandler<ApiEnvironment> {
  return async (c, next) => {
    const origin = c.req.header('origin');
    const host = publicUrl?.host ?? c.req.header('host');
    const isOwn = origin !== undefined && URL.canParse(origin) && new URL(origin).host === host;
    const site = c.req.header('sec-fetch-site') ?? 'same-origin';
    if (!isOwn || site !== 'same-origin')
      throw new ProblemError(403, 'foreign_origin', 'This request comes from another site.');
    return next();
  };
}
