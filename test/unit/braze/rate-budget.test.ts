import { describe, expect, test } from 'vitest';
import type { BrazeAnswer } from '../../../activities/braze/client.ts';
import { RateBudgets } from '../../../activities/braze/rate-budget.ts';
import { loneLeases } from '../../support/lone-leases.ts';

const LIMIT = { requests: 1_000, windowMs: 1_000 };
const never = new AbortController().signal;

function answer(headers: Record<string, string>): BrazeAnswer {
  return { status: 201, headers, body: '' };
}

/** Milliseconds that this many takes last. */
async function take(budget: ReturnType<RateBudgets['budget']>, times: number): Promise<number> {
  const began = performance.now();
  await Promise.all(Array.from({ length: times }, () => budget.take(never)));
  return performance.now() - began;
}

describe('a rate budget', () => {
  test('spaces requests at the limit times the share', async () => {
    const budget = new RateBudgets(loneLeases).budget('w', LIMIT, 0.5);
    expect(budget.perSecond).toBe(500);
    // 110 requests at 500 a second, less the burst of 10.
    expect(await take(budget, 110)).toBeGreaterThanOrEqual(190);
  });

  test('is shared by all syncs of a workspace', async () => {
    const budgets = new RateBudgets(loneLeases);
    const [one, other] = [budgets.budget('w', LIMIT, 1), budgets.budget('w', LIMIT, 1)];
    const began = performance.now();
    await Promise.all([take(one, 110), take(other, 110)]);
    expect(performance.now() - began).toBeGreaterThanOrEqual(190);
  });

  test('goes no faster than the part of the limit that the process holds', async () => {
    const budgets = new RateBudgets({ ...loneLeases, renew: async () => ({ permits: 500, isShared: true }) });
    // 60 requests at 500 a second, and the burst of 20 that another may have had.
    expect(await take(budgets.budget('w', LIMIT, 1), 60)).toBeGreaterThanOrEqual(155);
    await budgets.close();
  });

  test('lets nothing out before the ledger has answered', async () => {
    let asked = 0;
    const budgets = new RateBudgets({
      ...loneLeases,
      renew: async (request) => {
        asked += 1;
        if (asked === 1) throw new Error('The ledger is away.');
        return loneLeases.renew(request);
      },
    });
    await take(budgets.budget('w', LIMIT, 1), 1);
    expect(asked).toBe(2);
    await budgets.close();
  });

  test('gives its part back when it is closed', async () => {
    const released: string[] = [];
    const budgets = new RateBudgets({
      ...loneLeases,
      release: async (budget) => void released.push(budget),
    });
    await take(budgets.budget('w', LIMIT, 1), 1);
    await budgets.close();
    expect(released).toEqual(['w']);
  });

  test('is kept apart by workspace', async () => {
    const budgets = new RateBudgets(loneLeases);
    budgets.budget('a', LIMIT, 1).refuse(10_000);
    expect(await take(budgets.budget('b', LIMIT, 1), 1)).toBeLessThan(1_000);
  });

  test('holds everything back after a 429', async () => {
    const budget = new RateBudgets(loneLeases).budget('w', LIMIT, 1);
    budget.refuse(200);
    expect(await take(budget, 3)).toBeGreaterThanOrEqual(195);
  });

  test('leaves the rest of a window to others, as the headers tell', async () => {
    const budget = new RateBudgets(loneLeases).budget('w', LIMIT, 0.8);
    budget.observe(
      answer({ 'x-ratelimit-limit': '1000', 'x-ratelimit-remaining': '200', 'x-ratelimit-reset': '0.2' }),
    );
    expect(await take(budget, 1)).toBeGreaterThanOrEqual(195);
  });

  test('goes on while the headers leave more than the others need', async () => {
    const budget = new RateBudgets(loneLeases).budget('w', LIMIT, 0.8);
    budget.observe(
      answer({ 'x-ratelimit-limit': '1000', 'x-ratelimit-remaining': '900', 'x-ratelimit-reset': '30' }),
    );
    expect(await take(budget, 1)).toBeLessThan(5_000);
  });

  test('stops waiting when the run is cancelled', async () => {
    const budget = new RateBudgets(loneLeases).budget('w', LIMIT, 1);
    budget.refuse(60_000);
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 20);
    await expect(budget.take(controller.signal)).rejects.toThrow(/abort/i);
  });
});
