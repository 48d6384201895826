import type { Limits, RateFamily, RetryStyle } from './control-types.ts';

export type Headers = Readonly<Record<string, string>>;

export interface RateVerdict {
  readonly allowed: boolean;
  /** Headers of the answer, whichever it is. */
  readonly headers: Headers;
}

/** Counts the requests of one workspace in windows aligned to the clock. */
export class RateLimiter {
  readonly #used = new Map<RateFamily, { window: number; requests: number }>();

  /**
   * Counts a request against its family.
   *
   * @param now milliseconds since the epoch
   * @param weight 0 for a request that does not count, and only wants to know where the limit stands
   */
  take(family: RateFamily, limits: Limits, now: number, weight: 0 | 1): RateVerdict {
    const { requests: limit, windowMs } = limits.rates[family];
    const window = Math.floor(now / windowMs);
    const earlier = this.#used.get(family);
    const used = earlier?.window === window ? earlier.requests : 0;
    const allowed = used + weight <= limit;
    if (allowed) this.#used.set(family, { window, requests: used + weight });
    const resetAt = (window + 1) * windowMs;
    const headers = allowed
      ? standingHeaders(limits.retryStyle, limit, limit - used - weight, resetAt, now)
      : refusalHeaders(limits.retryStyle, limit, resetAt, now);
    return { allowed, headers };
  }
}

/**
 * Headers of a 429.
 *
 * @param resetAt when requests are welcome again, milliseconds since the epoch
 */
export function refusalHeaders(style: RetryStyle, limit: number, resetAt: number, now: number): Headers {
  if (style === 'retry_after') return { 'X-Ratelimit-Retry-After': String(secondsUntil(resetAt, now)) };
  return standingHeaders(style, limit, 0, resetAt, now);
}

function standingHeaders(
  style: RetryStyle,
  limit: number,
  remaining: number,
  resetAt: number,
  now: number,
): Headers {
  return {
    'X-RateLimit-Limit': String(limit),
    'X-RateLimit-Remaining': String(remaining),
    'X-RateLimit-Reset': String(style === 'reset' ? Math.ceil(resetAt / 1000) : secondsUntil(resetAt, now)),
  };
}

function secondsUntil(resetAt: number, now: number): number {
  return Math.max(1, Math.ceil((resetAt - now) / 1000));
}
