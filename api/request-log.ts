/** A line per request that changed something or went wrong. Neither keys, nor queries, nor bodies are written. */
import type { Context, MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import type { Logger } from 'pino';
import { crashOf } from '../model/crash.ts';
import type { ApiEnvironment } from './environment.ts';

export function logRequests(log: Logger): MiddlewareHandler<ApiEnvironment> {
  return async (c, next) => {
    const began = performance.now();
    await next();
    const { status } = c.res;
    const level =
      status >= 500 ? 'error' : status >= 400 ? 'warn' : c.req.method === 'GET' ? 'debug' : 'info';
    log[level]({ ...aboutRequest(c), status, ms: Math.round(performance.now() - began) }, 'request answered');
  };
}

/** The message of an error that nobody foresaw may hold anything: only its name and where it arose are written. */
export function logFailure(log: Logger, c: Context<ApiEnvironment>, error: Error): void {
  log.error({ ...aboutRequest(c), ...crashOf(error) }, 'request failed');
}

function aboutRequest(c: Context<ApiEnvironment>): object {
  const key = c.get('key') as ApiEnvironment['Variables']['key'] | undefined;
  return { method: c.req.method, route: routePath(c, -1), key: key?.name };
}
