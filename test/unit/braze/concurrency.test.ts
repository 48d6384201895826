import { describe, expect, test } from 'vitest';
import { Concurrency } from '../../../activities/braze/concurrency.ts';

describe('requests in flight', () => {
  test('are as many as the budget needs at the latency seen, up to the most', () => {
    const concurrency = new Concurrency(200, 1_000);
    expect(concurrency.limit).toBe(8);
    concurrency.answered(75);
    expect(concurrency.limit).toBe(150);
    const small = new Concurrency(40, 1_000);
    small.answered(150);
    expect(small.limit).toBe(40);
  });

  test('are halved by trouble and recover', () => {
    const concurrency = new Concurrency(200, 1_000);
    concurrency.answered(50);
    concurrency.troubled();
    expect(concurrency.limit).toBe(50);
    for (let count = 0; count < 100; count += 1) concurrency.troubled();
    expect(concurrency.limit).toBeGreaterThanOrEqual(1);
    for (let count = 0; count < 100; count += 1) concurrency.answered(50);
    expect(concurrency.limit).toBe(100);
  });

  test('never exceed the limit, and the first to wait is the first to start', async () => {
    const concurrency = new Concurrency(3, 1_000);
    const started: number[] = [];
    let running = 0;
    await Promise.all(
      Array.from({ length: 20 }, async (_unused, number) => {
        await concurrency.enter();
        started.push(number);
        running += 1;
        expect(running).toBeLessThanOrEqual(3);
        await new Promise((resolve) => setTimeout(resolve, 1));
        running -= 1;
        concurrency.leave();
      }),
    );
    expect(started).toEqual([...started].sort((a, b) => a - b));
    expect(concurrency.running).toBe(0);
  });
});
