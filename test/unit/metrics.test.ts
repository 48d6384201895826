/** What metrics are made of. */
import fc from 'fast-check';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { lagSeconds } from '../../metrics/lag.ts';
import { addLedgerMetrics } from '../../metrics/ledger-metrics.ts';
import { PipelineMetrics } from '../../metrics/pipeline-metrics.ts';
import { meteredBudget, meteredClient, meteredUploads } from '../../activities/braze/metered.ts';
import { NoAnswerError } from '../../activities/braze/client.ts';
import { endpointOf } from '../../activities/braze/endpoints.ts';
import type { Uploads } from '../../store/uploads.ts';

const place = { workspace: 'main', family: 'track' };

describe('the lag', () => {
  const now = Date.UTC(2026, 0, 31, 8, 15, 10);

  it.each([
    ['2026-01-31 08:15:00', 10],
    ['2026-01-31T08:15:00.500Z', 9.5],
    ['2026-01-31 08:15:00.123456789', 9.877],
    ['2026-01-31 09:00:00.000000', 0],
    ['beginning', undefined],
  ])('of %s is %s', (upper, seconds) => {
    expect(lagSeconds(upper, now)).toBe(seconds);
  });

  it('is the same at any precision beyond milliseconds', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: now }), fc.nat(999_999), (time, rest) => {
        const text = new Date(time).toISOString().replace('T', ' ').replace('Z', '');
        expect(lagSeconds(`${text}${String(rest).padStart(6, '0')}`, now)).toBe((now - time) / 1_000);
      }),
    );
  });
});

describe('what an upload counts', () => {
  it('are rows once their answer is on record, by the code of a rule but never by words of Braze', async () => {
    const registry = new Registry();
    const metrics = new PipelineMetrics(registry);
    let isAway = true;
    const ledger = {
      confirm: async () => (isAway ? Promise.reject(new Error('away')) : undefined),
    } as unknown as Uploads;
    const uploads = meteredUploads(ledger, 'users', metrics);
    const row = { row: {} as never, reason: '' };
    const confirmation = {
      sent: 7,
      rejected: [
        { ...row, code: 'payload_not_json', origin: 'validation' },
        { ...row, code: 'braze_jane_doe_is_unknown', origin: 'braze' },
      ],
    } as unknown as Parameters<Uploads['confirm']>[3];
    await expect(uploads.confirm({} as never, 'run', 1, confirmation)).rejects.toThrow('away');
    isAway = false;
    await uploads.confirm({} as never, 'run', 1, confirmation);
    const text = await registry.metrics();
    expect(text).toContain('cdi_rows_sent_total{sync="users"} 7\n');
    expect(text).toContain('cdi_rows_rejected_total{sync="users",reason="payload_not_json"} 1\n');
    expect(text).toContain('cdi_rows_rejected_total{sync="users",reason="refused_by_braze"} 1\n');
    expect(text).not.toContain('jane');
  });

  it('are requests by status, those without an answer too, and the wait for the budget', async () => {
    const registry = new Registry();
    const metrics = new PipelineMetrics(registry);
    const answers = [201, 429, 'none'] as const;
    let next = 0;
    const client = meteredClient(
      {
        send: async () => {
          const status = answers[next++];
          if (status === undefined || status === 'none') throw new NoAnswerError(true, undefined);
          return { status, headers: {}, body: '' };
        },
        destroy: async () => undefined,
      },
      place,
      metrics,
    );
    const send = (): Promise<unknown> => client.send(endpointOf('events', ''), Buffer.from(''), () => true);
    await send();
    await send();
    await expect(send()).rejects.toBeInstanceOf(NoAnswerError);
    let taken = 0;
    const budget = meteredBudget(
      {
        perSecond: 5,
        take: async () => void (taken += 1),
        observe: () => undefined,
        refuse: () => undefined,
      },
      place,
      metrics,
    );
    await budget.take(new AbortController().signal);
    expect(taken).toBe(1);
    expect(budget.perSecond).toBe(5);
    const text = await registry.metrics();
    for (const status of answers)
      expect(text).toContain(`cdi_requests_total{workspace="main",family="track",status="${status}"} 1\n`);
    expect(text).toContain('cdi_rate_budget_wait_seconds_total{workspace="main",family="track"}');
  });
});

describe('what the ledger tells', () => {
  it('is missing while the ledger does not answer, and says so', async () => {
    const registry = new Registry();
    const away = async (): Promise<never> => Promise.reject(new Error('away'));
    addLedgerMetrics(registry, { syncStates: away, incidents: { open: away } as never });
    const text = await registry.metrics();
    expect(text).toContain('cdi_ledger_up 0\n');
    expect(text).not.toMatch(/cdi_(watermark_lag_seconds|sync_paused|incidents_open)\{/);
  });
});
