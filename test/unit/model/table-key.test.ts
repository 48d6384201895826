import { expect, test } from 'vitest';
import { type CredentialDefinition, type SyncDefinition, syncSchema } from '../../../model/definitions.ts';
import { tableKey } from '../../../model/table-key.ts';

const sync = (schema = 'cdi', table = 'users'): SyncDefinition =>
  syncSchema.parse({
    kind: 'sync',
    name: 'users',
    workspace: 'main',
    credential: 'shop',
    source: { schema, table },
    data_type: 'attributes',
    schedule: 'manual',
    notifications: { contacts: ['team@example.com'] },
  });

const credential: CredentialDefinition = {
  kind: 'credential',
  name: 'shop',
  warehouse: 'redshift',
  host: 'Cluster.example.com',
  port: 5439,
  database: 'dev',
  user: 'reader',
  password: '${env:PASSWORD}',
  tls: 'verify',
};

test('a table is the same by whichever credential of its database it is read', () => {
  const key = tableKey(sync(), credential);
  const other = { ...credential, name: 'other', user: 'writer', host: 'cluster.EXAMPLE.com' };
  expect(tableKey(sync(), other)).toBe(key);
  expect(tableKey(sync(), { ...credential, database: 'live' })).not.toBe(key);
});

test('schema and table are told apart as they are spelled', () => {
  const keys = [sync(), sync('CDI'), sync('cdi', 'Users'), sync('cdi"', 'users'), sync('cdi', '"users')].map(
    (each) => tableKey(each, credential),
  );
  expect(new Set(keys).size).toBe(keys.length);
});

test('where the credential is not at hand, its name stands for its database', () => {
  expect(tableKey(sync(), undefined)).toBe(JSON.stringify(['shop', 'cdi', 'users']));
});
