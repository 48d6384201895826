import { describe, expect, it } from 'vitest';
import { decideNotification } from '../../../activities/notify/decide.ts';
import { syncSchema } from '../../../model/definitions.ts';
import { NO_COUNTS, type RunOutcome } from '../../../model/run.ts';

const contacts = ['team@example.com'];
const settings = (own: object) => syncSchema.shape.notifications.parse({ contacts, ...own });

const decide = (status: RunOutcome | 'held', read: number, rejected: number, own: object = {}) =>
  decideNotification(
    { status, counts: { ...NO_COUNTS, read, rejected, sent: read - rejected }, error: null },
    settings(own),
  );

const everything = { row_errors_percent: 0, on_success: true, on_empty_success: true };

describe('decideNotification', () => {
  it.each(['error', 'config_error', 'limit_exceeded'] as const)('always tells of %s', (status) => {
    expect(decide(status, 0, 0)).toBe('failure');
    expect(decide(status, 100, 50, everything)).toBe('failure');
  });

  it('always tells of a held run, with a kind of its own', () => {
    expect(decide('held', 0, 0)).toBe('held');
    expect(decide('held', 0, 0, everything)).toBe('held');
  });

  it('does not tell of a held run that somebody rejected', () => {
    const error = { type: 'run_rejected', message: 'Rejected.' } as const;
    expect(
      decideNotification({ status: 'cancelled', counts: NO_COUNTS, error }, settings(everything)),
    ).toBeUndefined();
  });

  it('never tells of a cancelled run', () => {
    expect(decide('cancelled', 100, 50, everything)).toBeUndefined();
  });

  it('tells of a run that was terminated or reset: nobody may have meant that', () => {
    const error = { type: 'ended_outside', message: 'Terminated.' } as const;
    expect(decideNotification({ status: 'cancelled', counts: NO_COUNTS, error }, settings({}))).toBe(
      'failure',
    );
  });

  it.each([
    { percent: undefined, read: 100, rejected: 100, told: false },
    { percent: 0, read: 1_000_000, rejected: 1, told: true },
    { percent: 1, read: 1000, rejected: 9, told: false },
    { percent: 1, read: 1000, rejected: 10, told: true },
    { percent: 1, read: 1000, rejected: 11, told: true },
    { percent: 100, read: 10, rejected: 9, told: false },
    { percent: 100, read: 10, rejected: 10, told: true },
    { percent: 33.4, read: 3, rejected: 1, told: false },
    { percent: 33.3, read: 3, rejected: 1, told: true },
    // In binary 0.07 * 10,000 is above 700, and 7 / 10,000 * 100 below 0.07.
    { percent: 0.07, read: 10_000, rejected: 7, told: true },
    { percent: 0.07, read: 10_000, rejected: 6, told: false },
    { percent: 1, read: 500_000_000, rejected: 4_999_999, told: false },
    { percent: 1, read: 500_000_000, rejected: 5_000_000, told: true },
    { percent: 5, read: 0, rejected: 1, told: true },
  ])('row errors from $percent %: $rejected of $read → $told', ({ percent, read, rejected, told }) => {
    const own = percent === undefined ? {} : { row_errors_percent: percent };
    expect(decide('partial', read, rejected, own)).toBe(told ? 'row_errors' : undefined);
  });

  it.each([
    { own: {}, read: 5, kind: undefined },
    { own: { on_success: true }, read: 5, kind: 'success' },
    { own: { on_success: true }, read: 0, kind: undefined },
    { own: { on_success: true, on_empty_success: true }, read: 0, kind: 'success' },
    { own: { on_success: true, on_empty_success: true }, read: 5, kind: 'success' },
    { own: { on_empty_success: true }, read: 0, kind: undefined },
    { own: { on_empty_success: true }, read: 5, kind: undefined },
    { own: { row_errors_percent: 0 }, read: 5, kind: undefined },
  ])('success of $read rows with $own → $kind', ({ own, read, kind }) => {
    expect(decide('success', read, 0, own)).toBe(kind);
  });

  it('does not tell of a partial run below the threshold as a success', () => {
    expect(decide('partial', 1000, 1, { row_errors_percent: 5, on_success: true })).toBeUndefined();
  });
});
