/** The rules behind alerts: when a sync is stale, a ceiling near, a secret about to expire, a schedule paused, a flood gathered. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isNear } from '../../../model/ceiling.ts';
import { daysToExpiry } from '../../../model/credential-expiry.ts';
import { ERROR_RULES, ERROR_TYPES } from '../../../model/errors.ts';
import { failuresInARow, needsPerson } from '../../../model/failures-in-a-row.ts';
import { WATCHED_KINDS, failureKind, failureType, incidentRule } from '../../../model/incident.ts';
import { MOST_SINGLES, howToTell } from '../../../model/notice-flood.ts';
import { longestGapMs, scheduleSchema } from '../../../model/schedule.ts';
import { type Freshness, staleSince } from '../../../model/staleness.ts';

const MINUTE = 60_000;
const now = new Date('2026-01-31T12:00:00Z');
const ago = (minutes: number): Date => new Date(now.getTime() - minutes * MINUTE);

describe('a stale sync', () => {
  const fresh: Freshness = {
    isPaused: false,
    isHeld: false,
    testedAt: ago(10_000),
    resumedAt: null,
    succeededAt: ago(46),
    committedAt: null,
  };
  const stale = (own: Partial<Freshness>, gapMs: number | undefined = 15 * MINUTE, intervals = 3) =>
    staleSince({ stale_after: intervals }, gapMs, { ...fresh, ...own }, now);

  it('has done nothing well for more than its intervals', () => {
    expect(stale({})).toEqual(ago(46));
    expect(stale({ succeededAt: ago(45) })).toBeUndefined();
    expect(stale({}, 15 * MINUTE, 4)).toBeUndefined();
    expect(stale({ succeededAt: null })).toEqual(ago(10_000));
  });

  it.each([
    ['is paused', { isPaused: true }],
    ['waits for people', { isHeld: true }],
    ['has not passed its test', { testedAt: null }],
    ['was let go a moment ago', { resumedAt: ago(1) }],
    ['passed its test a moment ago', { testedAt: ago(1) }],
    ['gets on with a long run', { committedAt: ago(1) }],
  ] as const)('is none that %s', (_, own) => {
    expect(stale(own)).toBeUndefined();
  });

  it('is none without a schedule, and none where nobody wants to know', () => {
    expect(staleSince({ stale_after: 3 }, undefined, fresh, now)).toBeUndefined();
    expect(stale({}, MINUTE, 0)).toBeUndefined();
  });

  it('is measured by the longest time between two firings', () => {
    const gap = (schedule: unknown) => longestGapMs(scheduleSchema.parse(schedule));
    expect(gap('manual')).toBeUndefined();
    expect(gap({ every: '15m' })).toBe(15 * MINUTE);
    expect(gap({ every: '1 month' })).toBe(31 * 1_440 * MINUTE);
    expect(gap({ cron: '0 9,10 * * *' })).toBe(23 * 60 * MINUTE);
  });

  it('never becomes fresh by waiting', () => {
    fc.assert(
      fc.property(
        fc.nat(100_000),
        fc.nat(100_000),
        fc.integer({ min: 1, max: 10 }),
        (age, more, intervals) => {
          const before = stale({ succeededAt: ago(age) }, 15 * MINUTE, intervals);
          const after = stale({ succeededAt: ago(age + more) }, 15 * MINUTE, intervals);
          if (before !== undefined) expect(after).toBeDefined();
        },
      ),
    );
  });
});

describe('a ceiling', () => {
  it.each([
    [799, 1_000, false],
    [800, 1_000, true],
    [2_000, 1_000, true],
    [5, undefined, false],
    [0, 0, false],
  ] as const)('%d of %s is near: %s', (value, ceiling, near) => {
    expect(isNear(value, ceiling)).toBe(near);
  });
});

describe('a credential', () => {
  it.each([
    [undefined, undefined],
    ['2026-02-15', undefined],
    ['2026-02-14', 14],
    ['2026-02-01', 1],
    ['2026-01-31', 0],
    ['2020-01-01', 0],
  ])('that expires on %s has %s days left', (expires, days) => {
    expect(daysToExpiry(expires, now)).toBe(days);
  });
});

describe('failures in a row', () => {
  const failed = (type: string) => ({ status: 'config_error' as const, error: { type } });
  const good = { status: 'success' as const, error: null };
  const cancelled = { status: 'cancelled' as const, error: { type: 'cancelled' } };
  const passing = { status: 'error' as const, error: { type: 'warehouse_unreachable' } };

  it('are those since the last run that ended well', () => {
    expect(failuresInARow([])).toBe(0);
    expect(failuresInARow([failed('table_missing'), failed('internal'), good, failed('internal')])).toBe(2);
    expect(failuresInARow([good, failed('internal')])).toBe(0);
    expect(failuresInARow([{ status: 'partial', error: null }, failed('internal')])).toBe(0);
  });

  it('leave out what was cancelled, or passes by itself', () => {
    expect(failuresInARow([cancelled, failed('table_missing'), passing, failed('table_missing')])).toBe(2);
    expect(failuresInARow([passing, passing, passing])).toBe(0);
  });

  it('are of errors that no retry mends and that somebody has to mend', () => {
    for (const type of ERROR_TYPES) {
      const { retryable, audience, outcome } = ERROR_RULES[type];
      expect(needsPerson(type)).toBe(!retryable && audience !== 'nobody' && outcome !== 'cancelled');
    }
    expect(needsPerson('credentials_invalid')).toBe(true);
    expect(needsPerson('superseded')).toBe(false);
    expect(needsPerson('no such type')).toBe(false);
  });
});

describe('a flood', () => {
  it('goes out in single messages first, then as a summary, one within a window', () => {
    expect(howToTell(1, { singles: 0, hasSummary: false }, false)).toBe('single');
    expect(howToTell(1, { singles: MOST_SINGLES - 1, hasSummary: false }, false)).toBe('single');
    expect(howToTell(1, { singles: MOST_SINGLES, hasSummary: false }, false)).toBe('wait');
    expect(howToTell(1, { singles: MOST_SINGLES, hasSummary: false }, true)).toBe('summary');
    expect(howToTell(50, { singles: 0, hasSummary: false }, true)).toBe('summary');
    expect(howToTell(50, { singles: 0, hasSummary: true }, true)).toBe('wait');
  });

  it('never makes more single messages than may be', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 50 }), (arrivals) => {
        let singles = 0;
        for (const messages of arrivals)
          if (howToTell(messages, { singles, hasSummary: false }, false) === 'single') singles += messages;
        expect(singles).toBeLessThanOrEqual(MOST_SINGLES);
      }),
    );
  });
});

describe('an incident', () => {
  it('of a failure says who must act and what to do, as its error does', () => {
    for (const type of ERROR_TYPES) {
      expect(failureType(failureKind(type))).toBe(type);
      const { audience, summary, hint } = ERROR_RULES[type];
      const title = `failed: ${summary.endsWith('.') ? summary.slice(0, -1) : summary}`;
      expect(incidentRule(failureKind(type))).toEqual({
        audience,
        title,
        hint,
        recovers: true,
        seenBy: 'run',
      });
    }
    expect(failureType('has failed:internal')).toBeUndefined();
    expect(incidentRule('stale').title).not.toContain('failed');
    expect(failureType('stale')).toBeUndefined();
    expect(failureType('failed:nothing')).toBeUndefined();
  });

  it('that a look finds gone is one that a look finds', () => {
    expect(WATCHED_KINDS).toEqual(['paused', 'stale', 'credential_expires', 'digests_near', 'lookback_near']);
  });
});
