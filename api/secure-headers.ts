/** Headers that keep browsers from doing what nobody asked for. No page here runs a script or loads anything foreign. */
import type { MiddlewareHandler } from 'hono';
import type { ApiDependencies } from './environment.ts';

const POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

export function secureHeaders({
  tls,
  publicUrl,
}: Pick<ApiDependencies, 'tls' | 'publicUrl'>): MiddlewareHandler {
  const isSecure = tls || publicUrl?.protocol === 'https:';
  return async (c, next) => {
    await next();
    const { headers } = c.res;
    headers.set('Content-Security-Policy', POLICY);
    headers.set('X-Content-Type-Options', 'nosniff');
    headers.set('X-Frame-Options', 'DENY');
    // With `no-referrer`, browsers would not say that a form is this site's own.
    headers.set('Referrer-Policy', 'same-origin');
    headers.set('Cross-Origin-Opener-Policy', 'same-origin');
    headers.set('Cross-Origin-Resource-Policy', 'same-origin');
    if (!headers.has('Cache-Control')) headers.set('Cache-Control', 'no-store');
    if (isSecure) headers.set('Strict-Transport-Security', 'max-age=31536000');
  };
}
