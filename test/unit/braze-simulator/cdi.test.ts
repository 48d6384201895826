import { describe, expect, it } from 'vitest';
import type { IntegrationJob } from '../../braze-simulator/control-types.ts';
import { useSimulator } from './use-simulator.ts';

const simulator = useSimulator();

const idOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const integrations = (count: number): { integration_id: string; integration_name: string }[] =>
  Array.from({ length: count }, (_, n) => ({ integration_id: idOf(n), integration_name: `Sync ${n}` }));

const job: IntegrationJob = {
  job_status: 'success',
  sync_start_time: '2026-01-01T00:00:00Z',
  sync_finish_time: '2026-01-01T00:01:00Z',
  last_timestamp_synced: '2026-01-01T00:00:00Z',
  rows_synced: 5,
  rows_failed_with_errors: 0,
};

describe('integrations', () => {
  it('come in pages of ten, with relative links between them', async () => {
    await simulator.client().setIntegrations(integrations(21));
    const first = await simulator.call('GET', '/cdi/integrations');
    expect(first.body).toMatchObject({ message: 'success' });
    expect((first.body['results'] as object[]).length).toBe(10);
    const next = /^<([^>]+)>; rel="next"$/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
    const second = await simulator.call('GET', next);
    expect(second.headers.get('link')).toMatch(
      /^<\/cdi\/integrations\?cursor=[^>]+>; rel="prev",<\/cdi\/integrations\?cursor=[^>]+>; rel="next"$/,
    );
    const last = await simulator.call('GET', /,<([^>]+)>/.exec(second.headers.get('link') ?? '')?.[1] ?? '');
    expect(last.body['results']).toMatchObject([{ integration_id: idOf(20) }]);
    expect(last.headers.get('link')).toMatch(/^<[^>]+>; rel="prev"$/);
  });

  it('that fit a page have no links, and every field is a text', async () => {
    await simulator
      .client()
      .setIntegrations(integrations(10).map((integration) => ({ ...integration, jobs: [job] })));
    const { body, headers } = await simulator.call('GET', '/cdi/integrations');
    expect(headers.get('link')).toBeNull();
    const [item = {}] = body['results'] as Record<string, unknown>[];
    expect(Object.keys(item).sort()).toEqual([
      'app_group_id',
      'contact_emails',
      'integration_id',
      'integration_name',
      'integration_status',
      'integration_type',
      'last_job_start_time',
      'last_job_status',
      'last_updated_at',
      'next_scheduled_run',
      'warehouse_type',
    ]);
    expect(Object.values(item).every((value) => typeof value === 'string')).toBe(true);
  });

  it('have their jobs', async () => {
    await simulator
      .client()
      .setIntegrations([{ integration_id: idOf(1), integration_name: 'A', jobs: [job] }]);
    const { status, body } = await simulator.call('GET', `/cdi/integrations/${idOf(1)}/job_sync_status`);
    expect({ status, body }).toEqual({ status: 200, body: { results: [job], message: 'success' } });
  });

  it.each([
    ['/cdi/integrations?cursor=nonsense', 'Invalid cursor'],
    [`/cdi/integrations?cursor=${btoa('skip:50')}`, 'Invalid cursor'],
    ['/cdi/integrations/nonsense/job_sync_status', 'Invalid integration ID'],
    [`/cdi/integrations/${idOf(9)}/job_sync_status`, 'Invalid integration ID'],
  ])('refuse %s', async (path, message) => {
    await simulator.client().setIntegrations(integrations(3));
    expect(await simulator.call('GET', path)).toMatchObject({ status: 400, body: { message } });
  });

  it('need a permission, and are limited by the minute', async () => {
    await simulator.client().setKeys([{ key: 'plain', permissions: ['users.track'] }]);
    expect(await simulator.call('GET', '/cdi/integrations', { authorization: 'Bearer plain' })).toMatchObject(
      { status: 403 },
    );
    await simulator.client().setLimits({ rates: { cdi_list: { requests: 1, windowMs: 3_600_000 } } });
    await simulator.call('GET', '/cdi/integrations');
    expect((await simulator.call('GET', '/cdi/integrations')).status).toBe(429);
  });
});
