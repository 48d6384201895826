import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS, changedLimits } from '../../braze-simulator/default-limits.ts';
import { RateLimiter } from '../../braze-simulator/rate-limiter.ts';
import { useSimulator, users } from './use-simulator.ts';

const rates = { track: { requests: 2, windowMs: 3000 } };
const start = 1_800_000_000_000;

describe('a rate window', () => {
  it('is aligned to the clock', () => {
    const limits = changedLimits(DEFAULT_LIMITS, { rates });
    const limiter = new RateLimiter();
    const take = (at: number): unknown[] => {
      const { allowed, headers } = limiter.take('track', limits, start + at, 1);
      return [allowed, headers['X-RateLimit-Remaining'], headers['X-RateLimit-Reset']];
    };
    expect(take(2000)).toEqual([true, '1', '1800000003']);
    expect(take(2500)).toEqual([true, '0', '1800000003']);
    expect(take(2999)).toEqual([false, '0', '1800000003']);
    expect(take(3000)).toEqual([true, '1', '1800000006']);
  });

  it('is one per family', () => {
    const limits = changedLimits(DEFAULT_LIMITS, { rates: { track: { requests: 0, windowMs: 3000 } } });
    const limiter = new RateLimiter();
    expect(limiter.take('track', limits, start, 1).allowed).toBe(false);
    expect(limiter.take('users', limits, start, 1).allowed).toBe(true);
  });

  it.each([
    ['reset', { 'X-RateLimit-Limit': '2', 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': '1800000003' }],
    ['reset_delta', { 'X-RateLimit-Limit': '2', 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': '2' }],
    ['retry_after', { 'X-Ratelimit-Retry-After': '2' }],
  ] as const)('refuses in the style %s', (retryStyle, headers) => {
    const limits = changedLimits(DEFAULT_LIMITS, { rates, retryStyle });
    const limiter = new RateLimiter();
    limiter.take('track', limits, start + 1500, 1);
    limiter.take('track', limits, start + 1500, 1);
    expect(limiter.take('track', limits, start + 1500, 1)).toEqual({ allowed: false, headers });
  });

  it('has the published defaults', () => {
    expect(DEFAULT_LIMITS.rates).toMatchObject({
      track: { requests: 3000, windowMs: 3000 },
      users: { requests: 20_000, windowMs: 60_000 },
      catalog_items: { requests: 16_000, windowMs: 60_000 },
    });
  });
});

describe('the server', () => {
  const simulator = useSimulator();
  const HOUR = 3_600_000;

  it('tells where the limit stands with each answer', async () => {
    const good = await simulator.track({ attributes: users(1) });
    const bad = await simulator.track('nonsense');
    const unknown = await simulator.call('POST', '/nowhere');
    expect(good.headers.get('x-ratelimit-limit')).toBe('3000');
    for (const { headers } of [good, bad, unknown]) {
      expect(Number(headers.get('x-ratelimit-remaining'))).toBeGreaterThan(0);
      expect(Number(headers.get('x-ratelimit-reset')) * 1000).toBeGreaterThan(Date.now() - 1000);
    }
  });

  it('answers 429 over the limit and applies nothing', async () => {
    await simulator.client().setLimits({ rates: { track: { requests: 1, windowMs: HOUR } } });
    expect((await simulator.track({ attributes: users(1, 'first') })).status).toBe(201);
    expect((await simulator.track({ attributes: users(1, 'second') })).status).toBe(429);
    expect(await simulator.client().state()).toMatchObject({
      requests: { 'POST /users/track': { 201: 1, 429: 1 } },
      profiles: 1,
    });
  });

  it('does not count requests without a good key', async () => {
    await simulator.client().setLimits({ rates: { track: { requests: 1, windowMs: HOUR } } });
    const body = { attributes: users(1) };
    await simulator.call('POST', '/users/track', { body, authorization: 'Bearer wrong' });
    expect((await simulator.track(body)).status).toBe(201);
  });
});
