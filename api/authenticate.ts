/** Who asks, and may it? Keys come as `Authorization: Bearer KEY`, and in no other way. */
import type { MiddlewareHandler } from 'hono';
import type { ApiPermission } from '../model/api-permissions.ts';
import type { ApiKey } from '../store/api-keys.ts';
import type { ApiDependencies, ApiEnvironment } from './environment.ts';
import { ProblemError } from './problem.ts';

const BEARER = /^Bearer +([\x21-\x7e]{1,200})$/i;

/** Refuses whoever presents no valid key, or one that may not do this. */
export function requirePermission(
  { session }: ApiDependencies,
  permission: ApiPermission,
): MiddlewareHandler<ApiEnvironment> {
  return async (c, next) => {
    const [, text] = BEARER.exec(c.req.header('authorization') ?? '') ?? [];
    const key = text === undefined ? undefined : await session.ledger.apiKeys.verify(text);
    if (!key) throw new ProblemError(401, 'invalid_key', 'Invalid API key');
    requireGrant(key, permission);
    c.set('key', key);
    await next();
  };
}

/** @throws ProblemError 403 */
export function requireGrant(key: ApiKey, permission: ApiPermission): void {
  if (!key.permissions.includes(permission))
    throw new ProblemError(403, 'permission_missing', `Access Denied: this key lacks ${permission}.`);
}

/** For the record: who did it. */
export const byKey = ({ name }: ApiKey): string => `API key ${name}`;
