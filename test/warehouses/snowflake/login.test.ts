import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { snowflake } from '../../../activities/warehouses/snowflake/snowflake.ts';
import type { WarehouseConnection } from '../../../activities/warehouses/warehouse.ts';
import type { SnowflakeCredential } from '../../../model/credentials/snowflake.ts';
import type { Secrets } from '../../../store/definitions.ts';
import { PASSPHRASE, type User, makeKeyPair } from './account.ts';
import { type SnowflakeStandIn, openSnowflake } from './stand-in.ts';

let standIn: SnowflakeStandIn;
let source: { schema: string; table: string };

beforeAll(async () => {
  standIn = await openSnowflake();
  source = await standIn.createTable({ name: 'USERS', dataType: 'attributes' }, []);
});
afterAll(() => standIn[Symbol.asyncDispose]());

const USER = 'ADA';

/** Logs in and describes a table, as the connection test does. @returns what it failed with */
async function attempt(
  secrets: Secrets,
  changes: Partial<SnowflakeCredential> = {},
  user: Omit<User, 'name'> = {},
): Promise<unknown> {
  await standIn.server.put('user', { name: USER, ...user });
  let connection: WarehouseConnection | undefined;
  try {
    const definition = { ...standIn.account.definition, user: USER, ...changes };
    const options = { signal: new AbortController().signal, label: 'braze-cdi test' };
    connection = await snowflake.connect({ definition, secrets }, options);
    await connection.describe(source);
    return undefined;
  } catch (error) {
    return error;
  } finally {
    await connection?.close();
  }
}

const plain = makeKeyPair();
const encrypted = makeKeyPair(PASSPHRASE);
const other = makeKeyPair();
const REFUSED = { type: 'credentials_invalid', vendorCode: '390144' };

describe('a key pair', () => {
  test('lets the user in, whatever the case of its name', async () => {
    const user = { public_keys: [plain.publicKey] };
    expect(await attempt({ private_key: plain.privateKey }, { user: 'ada' }, user)).toBeUndefined();
  });

  test('may be encrypted, and a passphrase that is not needed does no harm', async () => {
    const secrets = { private_key: encrypted.privateKey, passphrase: PASSPHRASE };
    expect(await attempt(secrets, {}, { public_keys: [encrypted.publicKey] })).toBeUndefined();
    const needless = { private_key: plain.privateKey, passphrase: PASSPHRASE };
    expect(await attempt(needless, {}, { public_keys: [plain.publicKey] })).toBeUndefined();
  });

  test('may have its line breaks written out, as secret stores do, or be of the older form', async () => {
    const user = { public_keys: [plain.publicKey] };
    const oneLine = plain.privateKey.replaceAll('\n', '\\n');
    expect(await attempt({ private_key: oneLine }, {}, user)).toBeUndefined();
    const { privateKey, publicKey } = generateKeyPairSync('rsa', {
      modulusLength: 2_048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    });
    expect(await attempt({ private_key: privateKey }, {}, { public_keys: [publicKey] })).toBeUndefined();
  });

  test('of somebody else is refused', async () => {
    const error = await attempt({ private_key: other.privateKey }, {}, { public_keys: [plain.publicKey] });
    expect(error).toMatchObject(REFUSED);
  });

  test.each([
    ['another passphrase', { private_key: encrypted.privateKey, passphrase: 'wrong' }],
    ['no passphrase', { private_key: encrypted.privateKey }],
    ['no PEM', { private_key: 'MIIEvQ' }],
  ])('that cannot be read is told without being sent: %s', async (_, secrets) => {
    const error = await attempt(secrets, {}, { public_keys: [encrypted.publicKey] });
    expect(error).toMatchObject({ type: 'credentials_invalid', vendorCode: undefined });
    expect(error).toMatchObject({ message: expect.stringContaining('cannot be read') as string });
  });

  test('of a kind that Snowflake does not take is told', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    expect(await attempt({ private_key: pem })).toMatchObject({
      type: 'credentials_invalid',
      message: 'The private key is no RSA key, which Snowflake requires.',
    });
  });
});

describe('a rotation of key pairs', () => {
  const secrets = { private_key: plain.privateKey, private_key_2: other.privateKey };

  test.each([
    ['before the new key is registered', [plain.publicKey]],
    ['while both are', [plain.publicKey, other.publicKey]],
    ['once the old one is gone', [other.publicKey]],
  ])('lets the user in %s', async (_, keys) =>
    expect(await attempt(secrets, {}, { public_keys: keys })).toBeUndefined(),
  );

  test('fails where neither key is registered', async () =>
    expect(await attempt(secrets, {}, { public_keys: [encrypted.publicKey] })).toMatchObject(REFUSED));

  test('goes on with the present key where the next one cannot be read', async () => {
    const unreadable = { private_key: plain.privateKey, private_key_2: encrypted.privateKey };
    expect(await attempt(unreadable, {}, { public_keys: [plain.publicKey] })).toBeUndefined();
  });

  test('tries no other key where it is not the key that is refused', async () => {
    const error = await attempt(
      secrets,
      { role: 'OWNER' },
      { public_keys: [plain.publicKey, other.publicKey] },
    );
    expect(error).toMatchObject({ type: 'permission_denied' });
  });
});

describe('a token, a password', () => {
  test('lets the user in', async () => {
    expect(await attempt({ token: 'pat-1' }, {}, { tokens: ['pat-1'] })).toBeUndefined();
    expect(await attempt({ password: 'pass-1' }, {}, { password: 'pass-1' })).toBeUndefined();
  });

  test('is refused where it is wrong', async () => {
    expect(await attempt({ token: 'pat-2' }, {}, { tokens: ['pat-1'] })).toMatchObject({
      type: 'credentials_invalid',
      vendorCode: '394400',
    });
    expect(await attempt({ password: 'pass-2' }, {}, { password: 'pass-1' })).toMatchObject({
      type: 'credentials_invalid',
      vendorCode: '390100',
      message: 'Snowflake refused user or password (390100).',
    });
  });
});

describe('what else keeps a user out', () => {
  const secrets = { password: 'pass-1' };
  const user = { password: 'pass-1' };

  test('the user is disabled', async () =>
    expect(await attempt(secrets, {}, { ...user, disabled: true })).toMatchObject({
      type: 'credentials_invalid',
      vendorCode: '390101',
    }));

  test('the role is not granted', async () =>
    expect(await attempt(secrets, { role: 'OWNER' }, user)).toMatchObject({
      type: 'permission_denied',
      vendorCode: '390189',
    }));

  test('the virtual warehouse does not exist, or may not be used', async () =>
    expect(await attempt(secrets, { virtual_warehouse: 'NOWHERE' }, user)).toMatchObject({
      type: 'permission_denied',
      vendorCode: '000606',
      message: expect.stringContaining('The session has no virtual warehouse') as string,
    }));

  test('the virtual warehouse is suspended, and does not resume by itself', async () => {
    await standIn.server.trouble({ warehouse: 'suspended' });
    try {
      expect(await attempt(secrets, {}, user)).toMatchObject({
        type: 'warehouse_busy',
        vendorCode: '000606',
        message:
          'No virtual warehouse is running: resume it, or let it resume by itself (AUTO_RESUME) (000606).',
      });
    } finally {
      await standIn.server.trouble({ warehouse: 'running' });
    }
  });

  test('the database does not exist, or may not be used', async () =>
    expect(await attempt(secrets, { database: 'NOWHERE' }, user)).toMatchObject({
      type: 'table_missing',
      vendorCode: '090105',
    }));

  test('a network policy', async () => {
    await standIn.server.trouble({ letsAddressIn: false });
    try {
      const error = await attempt(secrets, {}, user);
      expect(error).toMatchObject({ type: 'warehouse_unreachable', vendorCode: '390422' });
    } finally {
      await standIn.server.trouble({ letsAddressIn: true });
    }
  });

  test('the quota of a resource monitor', async () => {
    await standIn.server.trouble({ warehouse: 'out_of_quota' });
    try {
      expect(await attempt(secrets, {}, user)).toMatchObject({
        type: 'warehouse_busy',
        vendorCode: '090073',
      });
    } finally {
      await standIn.server.trouble({ warehouse: 'running' });
    }
  });

  test('Snowflake is down: told at once, without the retries of the driver', async () => {
    await standIn.server.trouble({ unavailable: true });
    try {
      const begun = performance.now();
      expect(await attempt(secrets, {}, user)).toMatchObject({ type: 'warehouse_unreachable' });
      expect(performance.now() - begun).toBeLessThan(2_000);
    } finally {
      await standIn.server.trouble({ unavailable: false });
    }
  });
});

test('no session stays, and nothing was sent that Snowflake is not expected to be sent', async () => {
  const { sessions, refused } = await standIn.server.state();
  expect({ sessions, refused }).toEqual({ sessions: 0, refused: [] });
});
