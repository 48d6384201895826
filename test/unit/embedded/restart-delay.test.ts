import { expect, test } from 'vitest';
import { restartDelay } from '../../../client/up/restart-delay.ts';

test('a worker that keeps ending at once is started after 1, 2, 4 … and at most 30 seconds', () => {
  const waits: number[] = [];
  for (let lives = 0; lives < 7; lives += 1) waits.push(restartDelay(waits.at(-1), 500));
  expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
});

test('one that has lived for a minute starts after a second again', () => {
  expect(restartDelay(30_000, 59_999)).toBe(30_000);
  expect(restartDelay(30_000, 60_000)).toBe(1_000);
});
