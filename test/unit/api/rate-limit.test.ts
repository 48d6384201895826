import { expect, it } from 'vitest';
import { MinuteCounter } from '../../../api/rate-limit.ts';

const MINUTE = 60_000;

it('lets so many requests of a key pass within a minute, and begins anew with the next', () => {
  const counter = new MinuteCounter(2);
  const start = 1_000 * MINUTE;
  expect(counter.take('a', start)).toEqual({ isAllowed: true, remaining: 1, resetAt: 60_060 });
  expect(counter.take('a', start + 1)).toMatchObject({ isAllowed: true, remaining: 0 });
  expect(counter.take('a', start + MINUTE - 1)).toMatchObject({ isAllowed: false, remaining: 0 });
  expect(counter.take('b', start + MINUTE - 1)).toMatchObject({ isAllowed: true, remaining: 1 });
  expect(counter.take('a', start + MINUTE)).toEqual({ isAllowed: true, remaining: 1, resetAt: 60_120 });
});
