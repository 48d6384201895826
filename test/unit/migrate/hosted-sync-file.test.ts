import { describe, expect, it, test } from 'vitest';
import { parseDefinitions } from '../../../client/definitions/parse-definitions.ts';
import type { HostedIntegration } from '../../../client/migrate/hosted-integrations.ts';
import { nextOf, secondsToWait } from '../../../client/migrate/hosted-integrations.ts';
import {
  dataTypeOf,
  startFromOf,
  syncFile,
  syncNames,
  withStartFrom,
} from '../../../client/migrate/hosted-sync-file.ts';

const INTEGRATION: HostedIntegration = {
  integration_id: '0f3a1c52-6f5e-4c1d-9a54-0a8d1c7b2e11',
  integration_name: 'Users: attributes',
  integration_type: 'User Attributes',
  integration_status: 'Active',
  contact_emails: 'one@example.com, two@example.com',
  last_updated_at: '2026-01-31T10:00:00.123Z',
  warehouse_type: 'snowflake',
  next_scheduled_run: '2026-01-31T11:00:00Z',
  lastJob: undefined,
};
const KNOWN = { workspaces: ['main'], credentials: ['lake'] };
const CHOICES = { name: 'users', workspace: 'main' };

const with_ = (change: Partial<HostedIntegration>): HostedIntegration => ({ ...INTEGRATION, ...change });

const problemsOf = (text: string): string[] => {
  const parsed = parseDefinitions([{ name: 'users.yaml', text }], KNOWN);
  return parsed.valid
    ? []
    : parsed.problems.map(({ path, message, fix }) => `${path} ${message}; ${String(fix)}`);
};

describe('the file of an integration', () => {
  it('is refused until it is filled in, option by option', () => {
    const text = syncFile(INTEGRATION, { ...CHOICES, workspace: undefined });
    expect(problemsOf(text)).toEqual([
      'workspace has still to be filled in; name of the workspace file',
      'credential has still to be filled in; name of the credential file for Snowflake',
      'source.schema has still to be filled in; schema of the table (at BigQuery: dataset)',
      'source.table has still to be filled in; name of the table or view',
      'schedule has still to be filled in; as in Braze, such as { every: 1h }, or manual',
    ]);
  });

  it('is a sync file once the blanks are filled, with the marks still beside them', () => {
    const text = syncFile(INTEGRATION, CHOICES)
      .replace('credential:', 'credential: lake')
      .replace('schema:', 'schema: INGESTION')
      .replace('table:', 'table: USERS')
      .replace('schedule:', 'schedule: { every: 1h }');
    const parsed = parseDefinitions([{ name: 'users.yaml', text }], KNOWN);
    expect(parsed).toMatchObject({
      valid: true,
      definitions: {
        syncs: [
          {
            name: 'users',
            workspace: 'main',
            data_type: 'attributes',
            start_from: '2026-01-31T10:00:00.123Z',
            notifications: { contacts: ['one@example.com', 'two@example.com'] },
          },
        ],
      },
    });
  });

  it('asks for what Braze does not tell', () => {
    const text = syncFile(
      with_({ integration_type: '', contact_emails: '', last_updated_at: 'yesterday' }),
      CHOICES,
    );
    expect(problemsOf(text)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^data_type has still/) as string,
        expect.stringMatching(/^notifications.contacts has still/) as string,
        'start_from has still to be filled in; Braze says yesterday; write it as a UTC time',
      ]),
    );
  });

  it('asks for the catalog of a catalog', () => {
    expect(syncFile(with_({ integration_type: 'catalog' }), CHOICES)).toContain('\ncatalog: # FILL IN');
  });

  it('cannot be written into by the names of an integration', () => {
    const hostile = 'x\nname: other\u2028kind: workspace\r"}';
    const text = syncFile(
      with_({ integration_name: hostile, warehouse_type: hostile, contact_emails: 'a@b.c"\tx' }),
      CHOICES,
    );
    expect(text.split('\n').filter((line) => line.startsWith('name:'))).toEqual(['name: users']);
    expect(text.split('\n').filter((line) => line.startsWith('kind:'))).toEqual(['kind: sync']);
  });
});

describe('where the first run begins', () => {
  it.each([
    ['2026-01-31T10:00:00Z', '2026-01-31T10:00:00Z'],
    ['2026-01-31T10:00:00.123456+00:00', '2026-01-31T10:00:00.123456Z'],
    ['2026-01-31 10:00:00 UTC', '2026-01-31T10:00:00Z'],
    ['2026-01-31T12:30:00.5+02:30', '2026-01-31T10:00:00.5Z'],
  ])('%s is %s', (told, value) => {
    expect(startFromOf(with_({ last_updated_at: told }))).toEqual({ known: true, value });
  });

  it.each(['2026-01-31T10:00:00', '2026-01-31', '2026-13-01T00:00:00Z'])('%s is left to a person', (told) => {
    expect(startFromOf(with_({ last_updated_at: told }))).toMatchObject({ known: false });
  });

  it('is the beginning only where no job has ever run', () => {
    const never = with_({ last_updated_at: '' });
    expect(startFromOf(never)).toEqual({ known: true, value: 'beginning' });
    const lastJob = {
      job_status: 'error',
      sync_start_time: '',
      sync_finish_time: '',
      last_timestamp_synced: '',
    };
    expect(startFromOf({ ...never, lastJob })).toMatchObject({ known: false });
  });

  it('is renewed, and nothing else of the file', () => {
    const filled = syncFile(INTEGRATION, CHOICES).replace('table:', 'table: USERS');
    const renewed = withStartFrom(filled, with_({ last_updated_at: '2026-02-01T00:00:00Z' }));
    expect(renewed).toBe(
      filled.replace('start_from: 2026-01-31T10:00:00.123Z', 'start_from: 2026-02-01T00:00:00Z'),
    );
    expect(withStartFrom('kind: sync\n', INTEGRATION)).toBe(
      'kind: sync\nstart_from: 2026-01-31T10:00:00.123Z\n',
    );
  });
});

test('names are unique and made of those in Braze', () => {
  const named = (integration_name: string): HostedIntegration => with_({ integration_name });
  expect(syncNames(['Users: attributes', 'users attributes', 'Käufe', '利用者'].map(named))).toEqual([
    'users-attributes',
    'users-attributes-2',
    'ka-ufe',
    'integration-0f3a1c52',
  ]);
});

test.each([
  ['User Deletion', 'user_deletes'],
  ['custom_events', 'events'],
  ['PURCHASES', 'purchases'],
  ['catalogs', 'catalog'],
  ['accounts', undefined],
])('the type %s is %s', (integration_type, dataType) => {
  expect(dataTypeOf(with_({ integration_type }))).toBe(dataType);
});

test('a link is followed by its path alone', () => {
  expect(nextOf('</cdi/integrations?cursor=a>; rel="prev",</cdi/integrations?cursor=b>; rel="next"')).toBe(
    '/cdi/integrations?cursor=b',
  );
  expect(nextOf('<https://elsewhere.example/x?cursor=b>; rel="next"')).toBe('/x?cursor=b');
  expect(nextOf('</cdi/integrations?cursor=a>; rel="prev"')).toBeUndefined();
  expect(nextOf(null)).toBeUndefined();
});

test('how long a rate limit asks to wait', () => {
  const now = 1_800_000_000_000;
  expect(secondsToWait(new Headers({ 'X-Ratelimit-Retry-After': '7' }), now)).toBe(7);
  expect(secondsToWait(new Headers({ 'X-RateLimit-Reset': '1800000009' }), now)).toBe(9);
  expect(secondsToWait(new Headers({ 'X-RateLimit-Reset': '12' }), now)).toBe(12);
  expect(secondsToWait(new Headers(), now)).toBe(10);
});
