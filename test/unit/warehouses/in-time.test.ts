import { getEventListeners } from 'node:events';
import { describe, expect, test, vi } from 'vitest';
import { inTime, settled } from '../../../activities/warehouses/in-time.ts';

const never = (): Promise<never> => new Promise(() => undefined);
const LATE = new Error('too late');

function limit(ms = 10_000) {
  const abort = new AbortController();
  return { abort, limit: { signal: abort.signal, ms, late: () => LATE } };
}

describe('a wait', () => {
  test('gives what the work gives; it is not given up then, and nothing listens to the signal any more', async () => {
    const { abort, limit: given } = limit(20);
    let givenUp: AbortSignal | undefined;
    const work = async (signal: AbortSignal): Promise<number> => {
      givenUp = signal;
      return 7;
    };
    expect(await inTime(given, work)).toBe(7);
    expect(getEventListeners(given.signal, 'abort')).toEqual([]);
    abort.abort();
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(givenUp?.aborted).toBe(false);
  });

  test('fails as the work fails', async () => {
    const failure = new Error('refused');
    await expect(inTime(limit().limit, () => Promise.reject(failure))).rejects.toBe(failure);
  });

  test('ends with its time, and tells the work before anybody hears of it', async () => {
    const { limit: given } = limit(20);
    const onGivenUp = vi.fn();
    const work = (givenUp: AbortSignal): Promise<never> => {
      givenUp.addEventListener('abort', () => {
        onGivenUp(givenUp.reason);
      });
      return never();
    };
    await expect(inTime(given, work)).rejects.toBe(LATE);
    expect(onGivenUp.mock.calls).toEqual([[LATE]]);
    expect(getEventListeners(given.signal, 'abort')).toEqual([]);
  });

  test('ends where no time is left, and not at once where more is left than a timer takes', async () => {
    await expect(inTime(limit(-1).limit, never)).rejects.toBe(LATE);
    const { abort, limit: given } = limit(Infinity);
    const waiting = inTime(given, never);
    await new Promise((resolve) => setTimeout(resolve, 40));
    const reason = new Error('enough');
    abort.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });

  test('ends at once with the reason of the signal', async () => {
    const { abort, limit: given } = limit();
    let givenUp: AbortSignal | undefined;
    const waiting = inTime(given, (signal) => {
      givenUp = signal;
      return never();
    });
    const reason = new Error('enough');
    abort.abort(reason);
    expect(givenUp?.reason).toBe(reason);
    await expect(waiting).rejects.toBe(reason);
  });

  test('begins nothing once the signal is aborted', async () => {
    const { abort, limit: given } = limit();
    const reason = new Error('enough');
    abort.abort(reason);
    const work = vi.fn(never);
    await expect(inTime(given, work)).rejects.toBe(reason);
    expect(work).not.toHaveBeenCalled();
  });

  test('leaves nobody to hear of a failure after its end', async () => {
    const { promise, reject } = Promise.withResolvers<never>();
    await expect(inTime(limit(20).limit, () => promise)).rejects.toBe(LATE);
    // One that nobody handles would fail the suite.
    reject(new Error('refused'));
    await new Promise((resolve) => setImmediate(resolve));
  });
});

describe('an end that is waited for', () => {
  test.each([
    ['comes', async () => 1],
    ['fails', () => Promise.reject(new Error('refused'))],
  ])('is over when it %s', async (_, work: () => Promise<unknown>) => {
    // Beyond the time of a test.
    await settled(work(), 600_000);
  });

  test('is not waited for longer than that', async () => {
    await settled(never(), 20);
  });
});
