import { describe, expect, it } from 'vitest';
import {
  SECRET_FIELDS,
  WAREHOUSES,
  redshiftCredentialSchema,
  warehouseCredentialSchemas,
  warehouseLocation,
} from '../../../model/warehouse-credentials.ts';
import { secretSchema } from '../../../model/common-fields.ts';

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

  it('holds neither user nor secret', () => {
    expect(warehouseLocation(credential)).toBe('redshift://cluster.example.com:5439/dev');
  });

  it('is the same however the host is spelled, and differs with the port and the database', () => {
    const here = warehouseLocation(credential);
    expect(warehouseLocation({ ...credential, host: 'CLUSTER.EXAMPLE.COM', user: 'other' })).toBe(here);
    expect(warehouseLocation({ ...credential, port: 5440 })).not.toBe(here);
    expect(warehouseLocation({ ...credential, database: 'Dev' })).not.toBe(here);
  });
});

it('every field that is written as a reference is a secret field, for every warehouse', () => {
  expect(WAREHOUSES).toHaveLength(warehouseCredentialSchemas.length);
  for (const schema of warehouseCredentialSchemas) {
    const fields = Object.entries(schema.shape).filter(
      ([, field]) => field.safeParse('in clear').error?.issues[0]?.message === messageOf('in clear'),
    );
    expect(SECRET_FIELDS[schema.shape.warehouse.value]).toEqual(fields.map(([name]) => name));
  }
});

const messageOf = (text: string): string | undefined =>
  secretSchema.safeParse(text).error?.issues[0]?.message;
