import { describe, expect, it } from 'vitest';
import { linkHeader, skipOf } from '../../../api/braze/cursor.ts';
import { integrationOf, integrationSchema, jobOf, jobSchema } from '../../../api/braze/items.ts';
import { secondsBehind } from '../../../api/instant.ts';
import { RUN_STATUSES } from '../../../model/run.ts';
import { sampleRun, sampleSync } from './sample-sync.ts';

const PATH = '/cdi/integrations';
const NOW = new Date('2026-01-31T12:00:00Z');

describe('a cursor', () => {
  it.each([
    [undefined, 0],
    ['c2tpcDow', 0],
    ['c2tpcDoxMA==', 10],
    ['c2tpcDoxMA', 10],
    ['c2tpcDoxMDA=', 100],
  ])('%s leaves out %d items', (cursor, skip) => {
    expect(skipOf(cursor)).toBe(skip);
  });

  it.each(['', 'x', 'skip:10', 'c2tpcDotMQ==', 'c2tpcDowMQ==', 'c2tpcDoxMA===', 'c2tpcDo5OTk5OTk5OTk5OQ=='])(
    '%j is none',
    (cursor) => {
      expect(() => skipOf(cursor)).toThrow('Invalid cursor');
    },
  );
});

describe('the Link header', () => {
  it.each([
    [0, false, undefined],
    [0, true, `<${PATH}?cursor=c2tpcDoxMA==>; rel="next"`],
    [10, false, `<${PATH}?cursor=c2tpcDow>; rel="prev"`],
    [110, true, `<${PATH}?cursor=c2tpcDoxMDA=>; rel="prev",<${PATH}?cursor=c2tpcDoxMjA=>; rel="next"`],
    [5, true, `<${PATH}?cursor=c2tpcDow>; rel="prev",<${PATH}?cursor=c2tpcDoxNQ==>; rel="next"`],
  ])('after %d items, more behind the page: %s', (skip, hasMore, header) => {
    expect(linkHeader(PATH, skip, hasMore)).toBe(header);
  });
});

describe('a job', () => {
  it.each([
    ['running', 'running'],
    ['held', 'running'],
    ['success', 'success'],
    ['partial', 'partial'],
    ['error', 'error'],
    ['config_error', 'config_error'],
    ['limit_exceeded', 'error'],
    ['cancelled', 'error'],
  ] as const)('%s is %s to Braze', (status, shown) => {
    expect(jobOf(sampleRun({ status }))).toMatchObject({
      job_status: shown,
      rows_synced: 8,
      rows_failed_with_errors: 2,
    });
  });

  it('has every field, of its type, in every status', () => {
    for (const status of RUN_STATUSES) {
      const job = jobOf(sampleRun({ status, finishedAt: null, watermarkAfter: null }));
      expect(jobSchema.strict().safeParse(job).error).toBeUndefined();
      expect(job).toMatchObject({ sync_finish_time: '', last_timestamp_synced: '' });
    }
  });

  it('never starts before the request, which came in the same millisecond', () => {
    const startedAt = new Date('2026-01-31T11:00:00.123Z');
    expect(jobOf(sampleRun({ startedAt })).sync_start_time).toBe('2026-01-31T11:00:00.124Z');
  });
});

describe('an integration', () => {
  it('has every field as a text, also before its first run', () => {
    const integration = integrationOf(sampleSync({ lastRun: null, watermark: null }), NOW);
    expect(integrationSchema.strict().safeParse(integration).error).toBeUndefined();
    expect(integration).toMatchObject({
      last_job_status: '',
      last_job_start_time: '',
      last_updated_at: '',
      next_scheduled_run: '2026-01-31T12:15:00.000Z',
      contact_emails: 'a@example.com,b@example.com',
    });
  });

  it.each([
    [{}, 'active', '2026-01-31T12:15:00.000Z'],
    [{ paused: true }, 'paused', ''],
    [{ testedAt: null }, 'draft', ''],
  ])('with %j is %s', (changes, status, next) => {
    expect(integrationOf(sampleSync(changes), NOW)).toMatchObject({
      integration_status: status,
      next_scheduled_run: next,
    });
  });
});

describe('UPDATED_AT', () => {
  it('lies behind by so many seconds', () => {
    expect(secondsBehind('2026-01-31 11:58:30.000000', NOW)).toBe(90);
    expect(secondsBehind(null, NOW)).toBeNull();
  });
});
