import { describe, expect, it } from 'vitest';
import { secretSchema } from '../../../model/common-fields.ts';
import {
  CREDENTIAL_KINDS,
  WAREHOUSES,
  credentialKind,
  warehouseCredentialSchemas,
} from '../../../model/warehouse-credentials.ts';
import { redshiftCredentialSchema } from '../../../model/credentials/redshift.ts';

const WRITTEN = {
  kind: 'credential',
  name: 'warehouse',
  warehouse: 'redshift',
  host: 'Cluster.example.com',
  database: 'dev',
  user: 'braze',
  password: '${env:PASSWORD}',
} as const;
const takes = (fields: object): boolean =>
  redshiftCredentialSchema.safeParse({ ...WRITTEN, ...fields }).success;

describe('a credential for Redshift', () => {
  it('trusts no certificate by default that the system does not trust', () => {
    expect(redshiftCredentialSchema.parse(WRITTEN)).toMatchObject({ port: 5439, tls: 'verify' });
  });

  it.each(['verify', 'require', 'off'])('may say %s for TLS', (tls) => {
    expect(takes({ tls })).toBe(true);
  });

  it.each([
    { tls: '' },
    { tls: 'on' },
    { port: 0 },
    { port: 65_536 },
    { port: 5439.5 },
    { host: '' },
    { database: '' },
    { database: 'x'.repeat(128) },
    { user: '' },
    { user: 'x'.repeat(128) },
    { password: 'in clear' },
    { pasword: '${env:PASSWORD}' },
    { kind: 'sync' },
  ])('may not hold %j', (fields) => {
    expect(takes(fields)).toBe(false);
  });

  it.each([{ port: 1 }, { port: 65_535 }, { database: 'x'.repeat(127) }, { user: 'x' }, { ca: '/ca.pem' }])(
    'may hold %j',
    (fields) => {
      expect(takes(fields)).toBe(true);
    },
  );
});

describe('the location of a credential', () => {
  const credential = redshiftCredentialSchema.parse(WRITTEN);
  const { location } = CREDENTIAL_KINDS.redshift;

  it('holds neither user nor secret', () => {
    expect(location(credential)).toBe('redshift://cluster.example.com:5439/dev');
    expect(credentialKind(credential).location(credential)).toBe(location(credential));
  });

  it('is the same however the host is spelled, and differs with the port and the database', () => {
    const here = location(credential);
    expect(location({ ...credential, host: 'CLUSTER.EXAMPLE.COM', user: 'other' })).toBe(here);
    expect(location({ ...credential, port: 5440 })).not.toBe(here);
    expect(location({ ...credential, database: 'Dev' })).not.toBe(here);
  });
});

/** Paths of the fields that take references only. */
function referencesIn(shape: Readonly<Record<string, unknown>>, path = ''): string[] {
  return Object.entries(shape).flatMap(([name, field]) => {
    const inner = field as {
      safeParse(value: unknown): ReturnType<typeof secretSchema.safeParse>;
      unwrap?: () => { shape?: Record<string, unknown> };
    };
    if (inner.safeParse('in clear').error?.issues[0]?.message === REFERENCE_ONLY) return [path + name];
    const nested = inner.unwrap?.().shape;
    return nested ? referencesIn(nested, `${path}${name}.`) : [];
  });
}

const REFERENCE_ONLY = secretSchema.safeParse('in clear').error?.issues[0]?.message;

it('every field that is written as a reference is a secret, for every warehouse', () => {
  expect(warehouseCredentialSchemas.map(({ shape }) => shape.warehouse.value)).toEqual(WAREHOUSES);
  for (const { shape } of warehouseCredentialSchemas) {
    const { secrets } = CREDENTIAL_KINDS[shape.warehouse.value];
    expect(referencesIn(shape), shape.warehouse.value).toEqual(secrets);
  }
});
