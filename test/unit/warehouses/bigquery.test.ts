import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { bigquery } from '../../../activities/warehouses/bigquery/bigquery.ts';
import { columnOf } from '../../../activities/warehouses/bigquery/column-types.ts';
import { jobLabels } from '../../../activities/warehouses/bigquery/labels.ts';
import { parseServiceAccountKey } from '../../../activities/warehouses/bigquery/service-account-key.ts';
import { bigqueryCredential, bigqueryCredentialSchema } from '../../../model/credentials/bigquery.ts';

const RUN = '0198c0de-1abe-7000-8000-00000000c0de';

test.each([
  ['2026-01-31T00:00:00Z', '2026-01-31T00:00:00.000000Z'],
  ['2026-01-31T12:30:00.5Z', '2026-01-31T12:30:00.500000Z'],
  ['2026-01-31T12:30:00.123456789Z', '2026-01-31T12:30:00.123456Z'],
])('writes the time %s as %s', (utc, own) => expect(bigquery.instant(utc)).toBe(own));

describe('labels of jobs', () => {
  test.each([
    [`braze-cdi users ${RUN}`, { product: 'braze-cdi', sync: 'users', run: RUN }],
    ['braze-cdi users', { product: 'braze-cdi', sync: 'users' }],
    ['braze-cdi test users', { product: 'braze-cdi', purpose: 'test', sync: 'users' }],
    ['braze-cdi rewind users', { product: 'braze-cdi', purpose: 'rewind', sync: 'users' }],
    [`braze-cdi test ${RUN}`, { product: 'braze-cdi', sync: 'test', run: RUN }],
    ['Braze.CDI Üsers', { product: 'braze-cdi', sync: '-sers' }],
    [`braze-cdi ${'x'.repeat(70)}`, { product: 'braze-cdi', sync: 'x'.repeat(63) }],
  ])('of "%s"', (label, labels) => expect(jobLabels(label)).toEqual(labels));
});

describe('types of columns', () => {
  test.each([
    ['TIMESTAMP', 'TIMESTAMP', 'timestamp'],
    ['DATETIME', 'DATETIME', 'timestamp'],
    ['STRING', 'STRING', 'text'],
    ['JSON', 'JSON', 'json'],
    ['RECORD', 'STRUCT', 'json'],
    ['STRUCT', 'STRUCT', 'json'],
    ['BOOLEAN', 'BOOL', 'boolean'],
    ['BOOL', 'BOOL', 'boolean'],
    ['INTEGER', 'INT64', 'integer'],
    ['FLOAT', 'FLOAT64', 'other'],
    ['DATE', 'DATE', 'other'],
    ['BYTES', 'BYTES', 'other'],
  ])('%s is %s, of kind %s', (told, type, kind) =>
    expect(columnOf({ name: 'c', type: told, mode: 'NULLABLE' })).toEqual({ name: 'c', type, kind }),
  );

  test('an array is of no use', () =>
    expect(columnOf({ name: 'c', type: 'RECORD', mode: 'REPEATED' })).toEqual({
      name: 'c',
      type: 'ARRAY<STRUCT>',
      kind: 'other',
    }));
});

describe('the key of a service account', () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const key = {
    type: 'service_account',
    client_email: 'braze-cdi@p.iam.gserviceaccount.com',
    private_key_id: 'id',
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    token_uri: 'https://elsewhere.example/token',
  };

  test('is taken, less the addresses in it', () => {
    const { token_uri: _, ...kept } = key;
    expect(parseServiceAccountKey(JSON.stringify(key))).toEqual(kept);
  });

  test.each([
    ['no JSON', 'canary'],
    ['JSON of another form', '{"canary":1}'],
    ['a key of another kind', JSON.stringify({ ...key, type: 'canary' })],
    ['a private key that is none', JSON.stringify({ ...key, private_key: 'canary' })],
    ['a key without its id', JSON.stringify({ ...key, private_key_id: undefined })],
  ])('%s is refused, and not quoted', (_, text) => {
    let thrown: unknown;
    try {
      parseServiceAccountKey(text);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ type: 'credentials_invalid' });
    expect(String(thrown)).not.toContain('canary');
  });
});

describe('the credential', () => {
  const written = {
    kind: 'credential',
    name: 'bigquery',
    warehouse: 'bigquery',
    project: 'my-project',
    service_account_key: '${env:KEY}',
  };

  test('reads in US unless told otherwise, and may scan what it likes', () => {
    const { location, maximum_bytes_billed: most } = bigqueryCredentialSchema.parse(written);
    expect(location).toBe('US');
    expect(most).toBeUndefined();
  });

  test.each([
    { project: '' },
    { project: 'My-Project' },
    { project: 'p`; --' },
    { service_account_key: '{"type":"service_account"}' },
    { maximum_bytes_billed: 0 },
    { maximum_bytes_billed: 1.5 },
    { api_endpoint: 'bigquery.googleapis.com' },
    { api_endpoint: 'ftp://bigquery.googleapis.com' },
    { location: '' },
  ])('may not hold %j', (fields) =>
    expect(bigqueryCredentialSchema.safeParse({ ...written, ...fields }).success).toBe(false),
  );

  test.each([
    { service_account_key: undefined },
    { project: 'example.com:my-project' },
    { location: 'europe-west1' },
    { maximum_bytes_billed: 10_737_418_240 },
    { api_endpoint: 'https://bigquery-private.p.googleapis.com' },
  ])('may hold %j', (fields) =>
    expect(bigqueryCredentialSchema.safeParse({ ...written, ...fields }).success).toBe(true),
  );

  test('is told apart by endpoint and project, and shows no secret', () => {
    const credential = bigqueryCredentialSchema.parse(written);
    expect(bigqueryCredential.location(credential)).toBe('bigquery://google/my-project');
    expect(bigqueryCredential.location({ ...credential, location: 'EU' })).toBe(
      bigqueryCredential.location(credential),
    );
    expect(bigqueryCredential.location({ ...credential, project: 'another' })).not.toBe(
      bigqueryCredential.location(credential),
    );
    expect(bigqueryCredential.account(credential)).toBe('my-project in US');
  });
});
