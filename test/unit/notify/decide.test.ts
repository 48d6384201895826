import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runSignals } from '../../../notify/decide.ts';
import { syncSchema } from '../../../model/definitions.ts';
import type { IncidentKind } from '../../../model/incident.ts';
import { NO_COUNTS, type RunCounts, type RunOutcome } from '../../../model/run.ts';

type Outcome = Parameters<typeof runSignals>[0];

const contacts = ['team@example.com'];
const settings = (own: object) => syncSchema.shape.notifications.parse({ contacts, ...own });

const run = (status: RunOutcome | 'held', own: Partial<Outcome> = {}): Outcome => ({
  status,
  counts: NO_COUNTS,
  error: null,
  held: null,
  futureRows: 0,
  unreadRows: null,
  trigger: 'schedule',
  ...own,
});

const counts = (read: number, rejected: number): RunCounts => ({
  ...NO_COUNTS,
  read,
  rejected,
  sent: read - rejected,
});

/** What a run tells where nothing was wrong before. */
function decide(status: RunOutcome | 'held', read: number, rejected: number, own: object = {}): string[] {
  const { event, raised } = runSignals(run(status, { counts: counts(read, rejected) }), settings(own), []);
  return [...(event === undefined ? [] : [event]), ...raised.map(({ kind }) => kind)];
}

const everything = { row_errors_percent: 0, on_success: true, on_empty_success: true };

describe('what a run tells', () => {
  it.each(['error', 'config_error', 'limit_exceeded'] as const)('is always that it ended as %s', (status) => {
    const error = { type: 'table_missing', message: 'There is no such table.' } as const;
    for (const own of [{}, everything]) {
      const { event, raised } = runSignals(
        run(status, { error, counts: counts(100, 50) }),
        settings(own),
        [],
      );
      expect(raised.map(({ kind }) => kind)).toEqual(['failed:table_missing']);
      expect(event).toBeUndefined();
    }
  });

  it('is always that it is held, each time', () => {
    expect(decide('held', 0, 0)).toEqual(['held']);
    expect(decide('held', 0, 0, everything)).toEqual(['held']);
  });

  it('is nothing where somebody cancelled it, or rejected it while it was held', () => {
    expect(decide('cancelled', 100, 50, everything)).toEqual([]);
    const error = { type: 'run_rejected', message: 'Rejected.' } as const;
    expect(runSignals(run('cancelled', { error }), settings(everything), []).raised).toEqual([]);
  });

  it('is that it was terminated or reset: nobody may have meant that', () => {
    const error = { type: 'ended_outside', message: 'Terminated.' } as const;
    expect(runSignals(run('cancelled', { error }), settings({}), []).raised).toMatchObject([
      { kind: 'failed:ended_outside' },
    ]);
  });

  it('is that rows lie in the future, unless nobody wants to know', () => {
    const found = run('success', { futureRows: 7 });
    expect(runSignals(found, settings({}), []).raised).toEqual([
      { kind: 'rows_in_future', detail: { rows: 7 } },
    ]);
    expect(runSignals(found, settings({ on_warnings: false }), []).raised).toEqual([]);
  });

  it('is that rows were never read, whatever else it says, until a run looks again and finds none', () => {
    const unread = { kind: 'rows_unread', detail: { rows: 3 } };
    const failed = { unreadRows: 3, error: { type: 'table_missing', message: 'None.' } as const };
    expect(runSignals(run('success', { unreadRows: 3 }), settings(everything), [])).toMatchObject({
      raised: [unread],
    });
    expect(runSignals(run('config_error', failed), settings({}), []).raised).toContainEqual(unread);
    expect(runSignals(run('success', { unreadRows: null }), settings({}), ['rows_unread']).closed).toEqual(
      [],
    );
    expect(runSignals(run('success', { unreadRows: 0 }), settings({}), ['rows_unread']).closed).toEqual([
      'rows_unread',
    ]);
  });

  it.each([
    { read: 799, near: false },
    { read: 800, near: true },
    { read: 1_000, near: true },
  ])('is that $read rows come near a guard of 1,000: $near', ({ read, near }) => {
    const { raised } = runSignals(run('success', { counts: counts(read, 0) }), settings({}), [], 1_000);
    expect(raised.map(({ kind }) => kind)).toEqual(near ? ['guard_near'] : []);
    const held = { rows: read, deletes: 0, limits: { rows: 700, deletes: 0 }, since: '', answer: null };
    const approved = run('success', { counts: counts(read, 0), held });
    expect(runSignals(approved, settings({}), [], 1_000).raised).toEqual([]);
    expect(runSignals(run('success', { counts: counts(read, 0) }), settings({}), []).raised).toEqual([]);
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
    expect(decide('partial', read, rejected, own)).toEqual(told ? ['rows_rejected'] : []);
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
    expect(decide('success', read, 0, own)).toEqual(kind === undefined ? [] : [kind]);
  });

  it('does not tell of a partial run below the threshold as a success', () => {
    expect(decide('partial', 1000, 1, { row_errors_percent: 5, on_success: true })).toEqual([]);
  });
});

describe('what a run ends', () => {
  const open: IncidentKind[] = ['failed:table_missing', 'failed:internal', 'rows_rejected', 'stale'];

  it('is every failure, whatever its error was; the recovery takes the place of a success', () => {
    const { closed, event } = runSignals(
      run('success', { counts: counts(5, 0) }),
      settings(everything),
      open,
    );
    expect(closed).toEqual(open);
    expect(event).toBeUndefined();
  });

  it('is nothing where it fails itself, or was cancelled', () => {
    const error = { type: 'internal', message: '' } as const;
    expect(runSignals(run('error', { error }), settings({}), open).closed).toEqual([]);
    expect(runSignals(run('cancelled'), settings({}), open).closed).toEqual([]);
  });

  it('is no rejection where it read no row, or rejects again', () => {
    expect(runSignals(run('success'), settings({}), open).closed).not.toContain('rows_rejected');
    const again = run('partial', { counts: counts(10, 9) });
    expect(runSignals(again, settings({ row_errors_percent: 5 }), open).closed).toEqual([
      'failed:table_missing',
      'failed:internal',
      'stale',
    ]);
  });

  it('is nothing where it only sent rejected rows again', () => {
    const retry = run('success', { counts: counts(5, 0), trigger: 'retry' });
    expect(runSignals(retry, settings({}), open).closed).toEqual([]);
  });

  it('never what it raises in the same breath', () => {
    const status = fc.constantFrom(...(['success', 'partial', 'error', 'held', 'cancelled'] as const));
    fc.assert(
      fc.property(status, fc.nat(1_000), fc.nat(1_000), fc.nat(3), (of, read, rejected, futureRows) => {
        const outcome = run(of, { counts: counts(read, Math.min(read, rejected)), futureRows });
        const kinds: IncidentKind[] = [...open, 'rows_in_future', 'guard_near', 'paused'];
        const { raised, closed } = runSignals(outcome, settings({ row_errors_percent: 10 }), kinds, 900);
        for (const { kind } of raised) expect(closed).not.toContain(kind);
        expect(closed).not.toContain('paused');
      }),
    );
  });
});
