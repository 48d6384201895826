import { describe, expect, it } from 'vitest';
import { nextFiring } from '../../../model/next-firing.ts';
import { scheduleSchema } from '../../../model/schedule.ts';

const next = (schedule: unknown, after: string): string | undefined =>
  nextFiring(scheduleSchema.parse(schedule), new Date(after))?.toISOString();

describe('the next run', () => {
  it.each([
    [{ every: '15m' }, '2026-01-31T12:00:00Z', '2026-01-31T12:15:00.000Z'],
    [{ every: '6h' }, '2026-01-31T12:00:01Z', '2026-01-31T18:00:00.000Z'],
    [{ every: '1 month' }, '2026-01-31T12:00:00Z', '2026-02-01T00:00:00.000Z'],
    [{ every: '1 week', time_zone: 'Europe/Paris' }, '2026-01-31T12:00:00Z', '2026-02-01T23:00:00.000Z'],
    [{ cron: '30 6 * * MON' }, '2026-01-31T12:00:00Z', '2026-02-02T06:30:00.000Z'],
  ])('of %j after %s is %s', (schedule, after, expected) => {
    expect(next(schedule, after)).toBe(expected);
  });

  it('leaves out a time that the clock leaves out', () => {
    const schedule = { cron: '30 2 * * *', time_zone: 'Europe/Paris' };
    expect(next(schedule, '2026-03-28T12:00:00Z')).toBe('2026-03-30T00:30:00.000Z');
  });

  it('is none of a sync that runs only by hand', () => {
    expect(next('manual', '2026-01-31T12:00:00Z')).toBeUndefined();
  });
});
