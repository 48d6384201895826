import { describe, expect, it } from 'vitest';
import { SettingsError, parseWatchSettings, parseWorkerSettings } from '../../../model/settings.ts';

const REQUIRED = {
  CDI_LEDGER_URL: 'postgresql://cdi@localhost/cdi',
  CDI_KEY_FILE: '/var/lib/cdi/key',
  CDI_STAGING_URL: 'file:///var/lib/cdi/staging',
};

function errorOf(env: Record<string, string | undefined>): SettingsError | undefined {
  try {
    parseWorkerSettings(env);
    return undefined;
  } catch (error) {
    if (error instanceof SettingsError) return error;
    throw error;
  }
}

/** What is wrong with one variable while all others are right. */
const problemOf = (name: string, value: string | undefined): string | undefined =>
  errorOf({ ...REQUIRED, [name]: value })?.message;

describe('a variable', () => {
  it.each([
    ['CDI_LEDGER_URL', 'postgres://localhost/cdi'],
    ['CDI_LEDGER_URL', 'postgresql://localhost/cdi'],
    ['CDI_SMTP_URL', 'smtp://localhost'],
    ['CDI_SMTP_URL', 'smtps://user:password@localhost:465'],
    ['CDI_TEMPORAL_UI', 'http://localhost:8233'],
    ['CDI_TEMPORAL_UI', 'https://temporal.example.com'],
    ['CDI_QUEUE_PREFIX', 'a'],
    ['CDI_QUEUE_PREFIX', '0_A-z'.padEnd(41, 'x')],
    ['CDI_STAGING_URL', 's3://bucket'],
    ['CDI_STAGING_URL', 's3://my.bucket-1/a/b_c'],
    ['CDI_S3_ENDPOINT', 'http://127.0.0.1:8333'],
    ['CDI_S3_PATH_STYLE', 'false'],
    ['CDI_S3_ENCRYPTION', 'AES256'],
    ['CDI_S3_ENCRYPTION', 'aws:kms'],
    ['CDI_EGRESS_ADDRESSES', '203.0.113.7'],
    ['CDI_EGRESS_ADDRESSES', '203.0.113.0/28,2001:db8::1 , 2001:db8::/48'],
    ['CDI_ALLOWED_ADDRESSES', '127.0.0.0/8'],
    ['CDI_S3_PATH_STYLE', 'true'],
    ['CDI_METRICS_ADDRESS', '0.0.0.0:9464'],
    ['CDI_METRICS_ADDRESS', 'worker-1.example.com:80'],
    ['CDI_METRICS_ADDRESS', '[fd00::1]:65535'],
    ['CDI_OTLP_URL', 'http://localhost:4318'],
    ['CDI_OTLP_URL', 'https://collector.example.com'],
    ['CDI_BUILD_ID', '1.2.0_b-3'],
    ['CDI_BUILD_ID', 'x'.repeat(100)],
    ['CDI_LEASE_TTL', '1s'],
    ['CDI_LEASE_TTL', '1000ms'],
    ['CDI_HEARTBEAT_TIMEOUT', '1s'],
    ...['trace', 'debug', 'info', 'warn', 'error', 'fatal'].map((level) => ['CDI_LOG_LEVEL', level] as const),
  ] as const)('%s may be %s', (name, value) => {
    expect(problemOf(name, value)).toBeUndefined();
  });

  it.each([
    ['CDI_LEDGER_URL', 'x-postgres://localhost/cdi', /write the URL of the ledger, postgresql:\/\//],
    ['CDI_LEDGER_URL', 'postgresql://', /write the URL of the ledger, postgresql:\/\//],
    ['CDI_LEDGER_URL', '', /write the URL of the ledger, postgresql:\/\//],
    [
      'CDI_STAGING_URL',
      '/tmp/file:///staging',
      /write the URL of the staging, file:\/\/\/path or s3:\/\/bucket\/prefix$/,
    ],
    [
      'CDI_STAGING_URL',
      'file:///',
      /write the URL of the staging, file:\/\/\/path or s3:\/\/bucket\/prefix$/,
    ],
    ['CDI_STAGING_URL', '', /write the URL of the staging, file:\/\/\/path or s3:\/\/bucket\/prefix$/],
    ['CDI_STAGING_URL', 's3://', /write the URL of the staging, file:\/\/\/path or s3:\/\/bucket\/prefix$/],
    [
      'CDI_STAGING_URL',
      's3://B/x',
      /write the URL of the staging, file:\/\/\/path or s3:\/\/bucket\/prefix$/,
    ],
    ['CDI_S3_ENDPOINT', 'storage:9000', /write the URL of the storage, https:\/\/host$/],
    ['CDI_S3_PATH_STYLE', 'yes', /write true or false$/],
    ['CDI_S3_ENCRYPTION', 'aes', /write AES256 or aws:kms$/],
    ['CDI_SMTP_URL', 'x+smtp://localhost', /write smtp:\/\/user:password@host:port, or smtps:\/\//],
    ['CDI_SMTP_URL', 'smtp://', /write smtp:\/\/user:password@host:port, or smtps:\/\//],
    [
      'CDI_TEMPORAL_UI',
      'see https://temporal.example.com',
      /write the URL of the Temporal UI, https:\/\/host$/,
    ],
    ['CDI_QUEUE_PREFIX', '-cdi', /use 1 to 41 letters, digits, - and _$/],
    ['CDI_QUEUE_PREFIX', 'a b', /use 1 to 41 letters, digits, - and _$/],
    ['CDI_QUEUE_PREFIX', 'x'.repeat(42), /use 1 to 41 letters, digits, - and _$/],
    ['CDI_EGRESS_ADDRESSES', '203.0.113.256', /write IP addresses or ranges .* separated by commas$/],
    ['CDI_EGRESS_ADDRESSES', '203.0.113.7,', /write IP addresses or ranges .* separated by commas$/],
    ['CDI_EGRESS_ADDRESSES', 'worker.example.com', /write IP addresses or ranges .* separated by commas$/],
    ['CDI_ALLOWED_ADDRESSES', 'localhost', /write IP addresses or ranges .* separated by commas$/],
    ['CDI_METRICS_ADDRESS', '9464', /write HOST:PORT, such as 127.0.0.1:9464$/],
    ['CDI_METRICS_ADDRESS', 'http://localhost:9464', /write HOST:PORT, such as 127.0.0.1:9464$/],
    ['CDI_METRICS_ADDRESS', 'localhost:94640000', /write HOST:PORT, such as 127.0.0.1:9464$/],
    ['CDI_METRICS_ADDRESS', 'localhost:http', /write HOST:PORT, such as 127.0.0.1:9464$/],
    ['CDI_METRICS_ADDRESS', '[worker]:9464', /write HOST:PORT, such as 127.0.0.1:9464$/],
    ['CDI_OTLP_URL', 'see http://localhost:4318', /write the URL of an OTLP receiver/],
    ['CDI_S3_ENDPOINT', 'see https://storage', /write the URL of the storage, https:\/\/host$/],
    ['CDI_STAGING_URL', 's3://bucket/a b', /write the URL of the staging/],
    ['CDI_BUILD_ID', 'a b', /use 1 to 100 letters, digits, \., _ and -$/],
    ['CDI_BUILD_ID', ' b', /use 1 to 100 letters, digits, \., _ and -$/],
    ['CDI_BUILD_ID', 'x'.repeat(101), /use 1 to 100 letters, digits, \., _ and -$/],
    ['CDI_OTLP_URL', 'localhost:4318', /write the URL of an OTLP receiver/],
    ['CDI_LEASE_TTL', '999ms', /write a duration of 1s or more$/],
    ['CDI_LEASE_TTL', 'soon', /write a duration of 1s or more$/],
    ['CDI_HEARTBEAT_TIMEOUT', '999ms', /write a duration of 1s or more$/],
    ['CDI_HEARTBEAT_TIMEOUT', 'soon', /write a duration of 1s or more$/],
    ['CDI_KEY_FILE', '', /name the file with the encryption keys, or give them in CDI_KEY$/],
  ])('%s may not be %j', (name, value, problem) => {
    expect(problemOf(name, value)).toMatch(new RegExp(`^${name}: `));
    expect(problemOf(name, value)).toMatch(problem);
  });
});

it('the address of the Temporal UI loses the slash at its end, and no other', () => {
  const addressOf = (CDI_TEMPORAL_UI: string): string | undefined =>
    parseWorkerSettings({ ...REQUIRED, CDI_TEMPORAL_UI }).temporalUi;
  expect(addressOf('https://a.b/')).toBe('https://a.b');
  expect(addressOf('https://a.b/ui/temporal/')).toBe('https://a.b/ui/temporal');
});

it('so does the address of the OTLP receiver', () => {
  const urlOf = (CDI_OTLP_URL?: string): string | undefined =>
    parseWorkerSettings({ ...REQUIRED, CDI_OTLP_URL }).otlpUrl;
  expect(urlOf('http://localhost:4318/')).toBe('http://localhost:4318');
  expect(urlOf('http://localhost:4318/otlp/')).toBe('http://localhost:4318/otlp');
  expect(urlOf()).toBeUndefined();
});

it('where no address is named, none is known and none is allowed', () => {
  expect(parseWorkerSettings(REQUIRED)).toMatchObject({ egress: [], allowedAddresses: [] });
  expect(parseWatchSettings({})).toMatchObject({ egress: [], allowedAddresses: [] });
});

it('the watch tells of the installation what it is told', () => {
  const told = { CDI_TEMPORAL_UI: 'https://a.b/ui/temporal/', CDI_EGRESS_ADDRESSES: '203.0.113.7' };
  expect(parseWatchSettings(told)).toMatchObject({
    temporalUi: 'https://a.b/ui/temporal',
    egress: ['203.0.113.7'],
  });
});

it('the watch reads only what telling people takes, and says what is wrong with it', () => {
  expect(
    parseWatchSettings({ CDI_SMTP_URL: '', CDI_ALLOWED_ADDRESSES: '10.0.0.0/8', CDI_LEASE_TTL: 'x' }),
  ).toEqual({
    smtpUrl: undefined,
    mailFrom: 'braze-cdi <cdi@localhost>',
    temporalUi: undefined,
    egress: [],
    allowedAddresses: ['10.0.0.0/8'],
  });
  expect(() => parseWatchSettings({ CDI_SMTP_URL: 'mail.example.com' })).toThrow(/^CDI_SMTP_URL: write smtp/);
});

describe('the staging', () => {
  const placeOf = (env: Record<string, string>): unknown =>
    parseWorkerSettings({ ...REQUIRED, ...env }).staging;

  it('is a folder, or a bucket with a prefix', () => {
    expect(placeOf({})).toEqual({ kind: 'folder', url: REQUIRED.CDI_STAGING_URL });
    expect(placeOf({ CDI_STAGING_URL: 's3://pages/of/cdi/' })).toMatchObject({
      kind: 'bucket',
      bucket: 'pages',
      prefix: 'of/cdi',
      pathStyle: false,
    });
    expect(placeOf({ CDI_STAGING_URL: 's3://pages' })).toMatchObject({ bucket: 'pages', prefix: '' });
  });

  it('of a compatible storage has the bucket in the path, unless told otherwise', () => {
    const compatible = { CDI_STAGING_URL: 's3://pages', CDI_S3_ENDPOINT: 'https://storage.example.com' };
    expect(placeOf(compatible)).toMatchObject({
      endpoint: 'https://storage.example.com',
      pathStyle: true,
    });
    expect(placeOf({ ...compatible, CDI_S3_PATH_STYLE: 'false' })).toMatchObject({ pathStyle: false });
  });
});

it('several problems stand on a line each', () => {
  const error = errorOf({ ...REQUIRED, CDI_KEY_FILE: undefined, CDI_LEASE_TTL: '0s' });
  expect(error?.name).toBe('SettingsError');
  expect(error?.message.split('\n')).toEqual(error?.problems);
  expect(error?.problems).toHaveLength(2);
});
