import { describe, expect, it } from 'vitest';
import { chart, daysOf, firstDay } from '../../../api/page/chart.ts';
import { distance, duration } from '../../../api/page/words.ts';

const NOW = new Date('2026-01-31T12:00:00Z');

describe('the days of a chart', () => {
  it('are thirty, the present one the last, those without a run too', () => {
    const days = daysOf([{ day: '2026-01-31', sent: 5, rejected: 1 }], NOW);
    expect(days).toHaveLength(30);
    expect(days[0]).toEqual({ day: '2026-01-02', sent: 0, rejected: 0 });
    expect(days.at(-1)).toEqual({ day: '2026-01-31', sent: 5, rejected: 1 });
    expect(firstDay(NOW).toISOString()).toBe('2026-01-02T00:00:00.000Z');
  });
});

describe('a chart', () => {
  it('says in words what it shows, and shows a single rejected row beside millions that were sent', async () => {
    const svg = String(await chart(daysOf([{ day: '2026-01-30', sent: 3_000_000, rejected: 1 }], NOW)));
    expect(svg).toContain('aria-label="Last 30 days: 3,000,000 rows sent, 1 rejected"');
    expect(svg).toContain('<title>2026-01-30: 3,000,000 sent, 1 rejected</title>');
    expect(svg).toContain('class="sent" x="224" y="0" width="6" height="28"');
    expect(svg).toContain('class="rejected" x="224" y="29" width="6" height="12"');
    expect(svg.match(/<g>/g)).toHaveLength(30);
  });

  it('draws the least number of rows as high as can be seen, and none not at all', async () => {
    const svg = String(
      await chart(
        daysOf(
          [
            { day: '2026-01-30', sent: 1_000_000, rejected: 0 },
            { day: '2026-01-31', sent: 1, rejected: 0 },
          ],
          NOW,
        ),
      ),
    );
    expect(svg).toContain('class="sent" x="232" y="26.5" width="6" height="1.5"');
    expect(svg).toContain('class="rejected" x="232" y="29" width="6" height="0"');
  });
});

describe('times in words', () => {
  it.each([
    [0, '0 seconds'],
    [1, '1 second'],
    [-5, '0 seconds'],
    [59.6, '1 minute'],
    [3_599, '59 minutes'],
    [7_200, '2 hours'],
    [200_000, '2 days'],
  ])('%d seconds are %s', (seconds, words) => {
    expect(duration(seconds)).toBe(words);
  });

  it('lie ahead or behind', () => {
    expect(distance(new Date(NOW.getTime() + 120_000), NOW)).toBe('in 2 minutes');
    expect(distance(new Date(NOW.getTime() - 120_000), NOW)).toBe('2 minutes ago');
  });
});
