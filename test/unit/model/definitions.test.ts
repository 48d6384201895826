import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import {
  rewindTimeSchema,
  syncSchema,
  workspaceSchema,
  workspaceSecrets,
} from '../../../model/definitions.ts';

const SYNC = {
  kind: 'sync',
  name: 'users',
  workspace: 'demo',
  credential: 'warehouse',
  source: { schema: 'cdi', table: 'users' },
  data_type: 'attributes',
  schedule: 'manual',
  notifications: { contacts: ['data@example.com'] },
} as const;
const WORKSPACE = {
  kind: 'workspace',
  name: 'demo',
  endpoint: 'https://rest.iad-01.braze.com',
  api_key: '${env:KEY}',
} as const;

function problemsOf(schema: z.ZodType, written: object): string[] {
  const issues = schema.safeParse(written).error?.issues ?? [];
  return issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}
const syncProblems = (fields: object): string[] => problemsOf(syncSchema, { ...SYNC, ...fields });
const workspaceProblems = (fields: object): string[] =>
  problemsOf(workspaceSchema, { ...WORKSPACE, ...fields });

describe('what is left out', () => {
  it('of a sync', () => {
    expect(syncSchema.parse(SYNC)).toMatchObject({
      update_existing_only: false,
      start_from: 'beginning',
      notifications: { on_success: false, on_empty_success: false, on_warnings: true, stale_after: 3 },
      options: { rate_share: 0.8, safety_lag: '5s', keep_rows: '0s' },
    });
  });

  it('of a workspace', () => {
    expect(workspaceSchema.parse(WORKSPACE)).toMatchObject({ track_batch: 75, track_requests_per_3s: 3000 });
  });
});

describe('webhooks of a workspace', () => {
  const URL_FORM = 'write https://…, or ${env:NAME} or ${file:PATH} where the URL is a secret';
  const problems = (...webhooks: object[]): string[] => workspaceProblems({ webhooks });

  it('are posted as JSON where nothing is said, to an address or to a secret one', () => {
    const written = [
      { name: 'ops', url: 'https://hooks.example.com/a', secret: '${file:/key}' },
      { name: 'near', url: 'http://hooks.internal/' },
      { name: 'chat', url: '${env:HOOK}', format: 'slack' },
      { name: 'more', url: 'https://hooks.example.com/b', format: 'json' },
    ];
    const workspace = workspaceSchema.parse({ ...WORKSPACE, webhooks: written });
    expect(workspace.webhooks?.map(({ format }) => format)).toEqual(['json', 'json', 'slack', 'json']);
    expect(workspaceSecrets(workspace)).toEqual(['api_key', 'webhooks.0.secret', 'webhooks.2.url']);
    expect(workspaceSecrets(workspaceSchema.parse(WORKSPACE))).toEqual(['api_key']);
  });

  it.each(['ftp://hooks.example.com', 'xhttps://hooks.example.com', 'httpsx://hooks.example.com', 'hooks'])(
    'may not be posted to %s',
    (url) => {
      expect(problems({ name: 'ops', url }).join()).toContain(URL_FORM);
    },
  );

  it('have a known form, and names of their own', () => {
    const url = 'https://hooks.example.com';
    expect(problems({ name: 'ops', url, format: 'xml' })).toHaveLength(1);
    expect(problems({ name: 'ops', url, format: '' })).toHaveLength(1);
    expect(problems({ name: 'ops', url }, { name: 'ops', url })).toEqual([
      'webhooks: give each its own name',
    ]);
    expect(problems({ name: 'ops', url }, { name: 'ops-2', url })).toEqual([]);
  });
});

describe('limits', () => {
  it('a sync may be stale after 0 to 1,000 intervals', () => {
    const accepted = (stale_after: number): boolean =>
      syncProblems({ notifications: { ...SYNC.notifications, stale_after } }).length === 0;
    expect([-1, 0, 0.5, 1_000, 1_001].filter(accepted)).toEqual([0, 1_000]);
  });

  it.each([
    ['page_size', 1, 100_000],
    ['segment_rows', 1, 5_000_000],
    ['max_concurrency', 1, 500],
    ['unconfirmed_window', 1, 10_000],
    ['max_rows_per_run', 1, 500_000_000],
    ['max_deletes_per_run', 0, 500_000_000],
    ['digest_rows', 0, 500_000_000],
    ['lookback_rows', 0, 100_000_000],
  ])('the option %s is a whole number from %i to %i', (name, least, most) => {
    const accepted = (value: number): boolean => syncProblems({ options: { [name]: value } }).length === 0;
    expect([least - 1, least, least + 0.5, most, most + 1].filter(accepted)).toEqual([least, most]);
  });

  it('rows in error are a share in percent', () => {
    const accepted = (row_errors_percent: number): boolean =>
      syncProblems({ notifications: { ...SYNC.notifications, row_errors_percent } }).length === 0;
    expect([-0.1, 0, 0.5, 100, 100.1].filter(accepted)).toEqual([0, 0.5, 100]);
  });

  it('the rate limit of a workspace is a whole number from 1 to 100,000', () => {
    const accepted = (track_requests_per_3s: number): boolean =>
      workspaceProblems({ track_requests_per_3s }).length === 0;
    expect([0, 1, 1.5, 100_000, 100_001].filter(accepted)).toEqual([1, 100_000]);
  });

  it('names of schemas and tables have 1 to 127 characters', () => {
    const accepted = (length: number): boolean[] => {
      const name = 'x'.repeat(length);
      return [
        syncProblems({ source: { schema: name, table: 't' } }).length === 0,
        syncProblems({ source: { schema: 's', table: name } }).length === 0,
      ];
    };
    expect([0, 1, 255, 256].map(accepted)).toEqual([
      [false, false],
      [true, true],
      [true, true],
      [false, false],
    ]);
  });

  it('a description has at most 500 characters', () => {
    expect(syncProblems({ description: 'x'.repeat(500) })).toEqual([]);
    expect(syncProblems({ description: 'x'.repeat(501) })).toHaveLength(1);
  });
});

describe('the endpoint of a workspace', () => {
  it.each([
    'https://rest.iad-01.braze.com',
    'https://rest.iad-01.braze.com/',
    'HTTPS://REST.iad-01.braze.com',
    'http://localhost:8080',
  ])('may be %s', (endpoint) => {
    expect(workspaceProblems({ endpoint })).toEqual([]);
  });

  it.each([
    '',
    'rest.iad-01.braze.com',
    'ftp://rest.iad-01.braze.com',
    'xhttp://a.b',
    'httpx://a.b',
    'https://',
  ])('may not be %j: told once, with an example', (endpoint) => {
    expect(workspaceProblems({ endpoint })).toEqual([
      'endpoint: write the REST endpoint, such as https://rest.iad-01.braze.com',
    ]);
  });

  it.each(['https://a.b/users', 'https://a.b//', 'https://me@a.b', 'https://a.b?c', 'https://a.b#c'])(
    'is scheme and host alone, not %s',
    (endpoint) => {
      expect(workspaceProblems({ endpoint })).toEqual([
        'endpoint: write only scheme and host, such as https://rest.iad-01.braze.com',
      ]);
    },
  );
});

describe('start_from', () => {
  it.each([
    'beginning',
    'now',
    '2026-01-31T00:00:00Z',
    '2026-01-31T23:59:59.1Z',
    '2026-01-31T23:59:59.123456789Z',
    '2024-02-29T00:00:00Z',
  ])('may be %s', (start_from) => {
    expect(syncProblems({ start_from })).toEqual([]);
  });

  it.each([
    '',
    'Now',
    '2026-01-31',
    '2026-01-31 00:00:00Z',
    '2026-01-31T00:00:00',
    '2026-01-31T00:00:00+01:00',
    '2026-01-31T00:00:00.Z',
    '2026-01-31T00:00:00.1234567890Z',
    '2026-01-31T00:00:00.abcZ',
    ' 2026-01-31T00:00:00Z',
    '+2026-01-31T00:00:00Z',
    '2026-01-31T00:00:00Z ',
  ])('may not be %j', (start_from) => {
    expect(syncProblems({ start_from })).toHaveLength(1);
  });

  it.each(['2026-02-29T00:00:00Z', '2026-13-01T00:00:00Z', '2026-01-31T24:00:00Z', '2026-01-31T10:60:00Z'])(
    'is a time that exists, not %s',
    (start_from) => {
      expect(syncProblems({ start_from })).toHaveLength(1);
    },
  );
});

describe('a time to go back to', () => {
  it.each(['beginning', '2026-01-31T00:00:00.5Z'])('may be %s', (time) => {
    expect(rewindTimeSchema.safeParse(time).success).toBe(true);
  });

  it.each(['', 'now', '2026-01-31', '2026-02-30T00:00:00Z'])('may not be %j', (time) => {
    expect(rewindTimeSchema.safeParse(time).success).toBe(false);
  });
});

describe('what goes with the data type', () => {
  const types = ['attributes', 'events', 'purchases', 'user_deletes', 'catalog'] as const;
  const fieldsOf = (data_type: string): object => (data_type === 'catalog' ? { catalog: 'shop' } : {});

  it.each(types)('%s: a catalog is named for catalogs only', (data_type) => {
    const problem = 'catalog: `catalog` is required for data_type catalog, and not allowed for the others';
    const isCatalog = data_type === 'catalog';
    expect(syncProblems({ data_type, catalog: 'shop' })).toEqual(isCatalog ? [] : [problem]);
    expect(syncProblems({ data_type })).toEqual(isCatalog ? [problem] : []);
  });

  it.each(types)('%s: existing users only, where objects could make new ones', (data_type) => {
    const problem = 'update_existing_only: `update_existing_only` is for attributes, events and purchases';
    const makesUsers = data_type !== 'user_deletes' && data_type !== 'catalog';
    const written = { data_type, ...fieldsOf(data_type) };
    expect(syncProblems({ ...written, update_existing_only: true })).toEqual(makesUsers ? [] : [problem]);
    expect(syncProblems({ ...written, update_existing_only: false })).toEqual([]);
  });

  it.each(types)('%s: read whole in each run, where rows have a state to compare', (data_type) => {
    const problem =
      'full_refresh: `full_refresh` is for attributes and catalogs: events, purchases and deletes have no state to compare';
    const hasState = data_type === 'attributes' || data_type === 'catalog';
    const written = { data_type, ...fieldsOf(data_type) };
    expect(syncProblems({ ...written, full_refresh: true })).toEqual(hasState ? [] : [problem]);
    expect(syncProblems({ ...written, full_refresh: false })).toEqual([]);
  });

  it.each([
    ['a', true],
    ['A_z-09', true],
    ['x'.repeat(250), true],
    ['x'.repeat(251), false],
    ['', false],
    ['a b', false],
    ['a.b', false],
    ['.a', false],
    ['a\n', false],
  ])('the catalog %j: %s', (catalog, allowed) => {
    expect(syncProblems({ data_type: 'catalog', catalog })).toEqual(
      allowed ? [] : ['catalog: use 1 to 250 letters, digits, - and _'],
    );
  });
});

describe('durations', () => {
  it.each(['safety_lag', 'lookback', 'keep_rows'])('%s is written with its unit', (name) => {
    expect(syncProblems({ options: { [name]: '90s' } })).toEqual([]);
    expect(syncProblems({ options: { [name]: '90' } })).toEqual([
      `options.${name}: write a duration such as 500ms, 5s, 15m or 2h`,
    ]);
  });
});

describe('lookback', () => {
  it('is a day at most', () => {
    expect(syncProblems({ options: { lookback: '1d' } })).toEqual([]);
    expect(syncProblems({ options: { lookback: '24.001h' } })).toEqual([
      'options.lookback: look back 24h at most',
    ]);
  });

  it('is off where nothing is said, and has no place beside a full refresh', () => {
    const problem =
      'options.lookback: `lookback` has no meaning with `full_refresh`: every row is read in each run';
    expect(syncSchema.parse(SYNC).options.lookback).toBe('0s');
    expect(syncProblems({ full_refresh: true, options: { lookback: '0h' } })).toEqual([]);
    expect(syncProblems({ full_refresh: true, options: { lookback: '1h' } })).toEqual([problem]);
  });
});
