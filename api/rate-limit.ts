/** Requests per key and minute, counted in this process. */
import type { MiddlewareHandler } from 'hono';
import type { ApiEnvironment } from './environment.ts';
import { ProblemError } from './problem.ts';

const WINDOW_MS = 60_000;

export interface Allowance {
  readonly isAllowed: boolean;
  readonly remaining: number;
  /** When the count begins anew, in seconds since 1970. */
  readonly resetAt: number;
}

/** Counts what each key asks within a minute of the clock. */
export class MinuteCounter {
  readonly #limit: number;
  readonly #counts = new Map<string, number>();
  #window = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @param now in milliseconds since 1970 */
  take(key: string, now: number): Allowance {
    const window = Math.floor(now / WINDOW_MS);
    if (window !== this.#window) {
      this.#window = window;
      this.#counts.clear();
    }
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    return {
      isAllowed: count <= this.#limit,
      remaining: Math.max(0, this.#limit - count),
      resetAt: ((window + 1) * WINDOW_MS) / 1_000,
    };
  }
}

/** Refuses a key's requests beyond so many a minute, and tells in headers where it stands. */
export function limitRate(perMinute: number): MiddlewareHandler<ApiEnvironment> {
  const counter = new MinuteCounter(perMinute);
  return async (c, next) => {
    const now = Date.now();
    const { isAllowed, remaining, resetAt } = counter.take(c.get('key').id, now);
    c.header('X-RateLimit-Limit', String(perMinute));
    c.header('X-RateLimit-Remaining', String(remaining));
    c.header('X-RateLimit-Reset', String(resetAt));
    if (!isAllowed) {
      c.header('Retry-After', String(Math.max(1, Math.ceil(resetAt - now / 1_000))));
      throw new ProblemError(429, 'rate_limited', 'Rate limit exceeded');
    }
    await next();
  };
}
