import { describe, expect, test, vi } from 'vitest';
import { withPatience } from '../../../activities/warehouses/snowflake/patience.ts';

const never = (): Promise<never> => new Promise(() => undefined);
const LATE = new Error('too late');

function patience(ms = 10_000) {
  const abort = new AbortController();
  const giveUp = vi.fn();
  return { abort, giveUp, patience: { signal: abort.signal, ms, tooLate: () => LATE, giveUp } };
}

describe('a wait', () => {
  test('gives what the work gives, and then ends nothing', async () => {
    const { abort, giveUp, patience: given } = patience(20);
    expect(await withPatience(given, async () => 7)).toBe(7);
    abort.abort();
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(giveUp).not.toHaveBeenCalled();
  });

  test('fails as the work fails', async () => {
    const { giveUp, patience: given } = patience();
    const failure = new Error('refused');
    await expect(withPatience(given, () => Promise.reject(failure))).rejects.toBe(failure);
    expect(giveUp).not.toHaveBeenCalled();
  });

  test('ends in time, and tells the work', async () => {
    const { giveUp, patience: given } = patience(20);
    let over: AbortSignal | undefined;
    const work = (signal: AbortSignal): Promise<never> => {
      over = signal;
      return never();
    };
    await expect(withPatience(given, work)).rejects.toBe(LATE);
    expect(giveUp).toHaveBeenCalledTimes(1);
    expect(over?.aborted).toBe(true);
  });

  test('ends at once with the reason of the signal', async () => {
    const { abort, giveUp, patience: given } = patience();
    const waiting = withPatience(given, never);
    const reason = new Error('enough');
    abort.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(giveUp).toHaveBeenCalledTimes(1);
  });

  test('begins nothing once the signal is aborted', async () => {
    const { abort, patience: given } = patience();
    const reason = new Error('enough');
    abort.abort(reason);
    const work = vi.fn(never);
    await expect(withPatience(given, work)).rejects.toBe(reason);
    expect(work).not.toHaveBeenCalled();
  });
});
