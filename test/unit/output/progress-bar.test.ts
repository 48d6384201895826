import { describe, expect, it } from 'vitest';
import { progressLine } from '../../../client/output/progress-bar.ts';
import { NO_COUNTS } from '../../../model/run.ts';

describe('progressLine', () => {
  it('is empty before anything was read', () => {
    expect(progressLine('users', NO_COUNTS, 0)).toBe(`users  ${'░'.repeat(24)}  0 of 0 sent  0 rows/s`);
  });

  it('counts rejected rows as done, and only sent ones for the pace', () => {
    const counts = { ...NO_COUNTS, read: 20_000, sent: 9_000, rejected: 1_000 };
    expect(progressLine('users', counts, 2)).toBe(
      `users  ${'█'.repeat(12)}${'░'.repeat(12)}  9,000 of 20,000 sent, 1,000 rejected  4,500 rows/s`,
    );
  });

  it('is full at the end, and never more than full', () => {
    const full = `users  ${'█'.repeat(24)}  `;
    expect(progressLine('users', { ...NO_COUNTS, read: 8, sent: 8 }, 1)).toContain(full);
    expect(progressLine('users', { ...NO_COUNTS, read: 8, sent: 9 }, 1)).toContain(full);
  });
});
