/** The stand-in is worth something only where it refuses what Snowflake refuses: asked without a driver. */
import { createHash, createPrivateKey, createPublicKey, randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LOCALHOST } from '../../../client/embedded/claim-port.ts';
import { makeKeyPair } from './account.ts';
import { type SnowflakeStandIn, openSnowflake } from './stand-in.ts';

interface Answer {
  readonly success: boolean;
  readonly code: string | null;
  readonly data: Readonly<Record<string, unknown>> | null;
}

const keys = makeKeyPair();
const stranger = makeKeyPair();
let standIn: SnowflakeStandIn;

beforeAll(async () => {
  standIn = await openSnowflake();
  await standIn.server.put('user', { name: 'ADA', password: 'pass-1', public_keys: [keys.publicKey] });
  const rows = [{ updatedAt: '2026-01-01T00:00:00.000000000', externalId: 'a', payload: '{}' }];
  await standIn.createTable({ name: 'USERS', dataType: 'attributes' }, rows);
});
afterAll(() => standIn[Symbol.asyncDispose]());

async function ask(path: string, body?: object, token?: string): Promise<Answer> {
  const response = await fetch(`http://${LOCALHOST}:${standIn.server.port}${path}`, {
    method: body ? 'POST' : 'GET',
    headers: token === undefined ? {} : { authorization: `Snowflake Token="${token}"` },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return (await response.json()) as Answer;
}

function logIn(data: object): Promise<Answer> {
  const query = new URLSearchParams({ databaseName: 'ANALYTICS', warehouseName: 'BRAZE_CDI_WH' });
  const known = { ACCOUNT_NAME: 'MYORG-MYACCOUNT', LOGIN_NAME: 'ADA', SESSION_PARAMETERS: {} };
  return ask(`/session/v1/login-request?${query.toString()}`, { data: { ...known, ...data } });
}

const fingerprint = (publicKey: string): string => {
  const der = createPublicKey(publicKey).export({ type: 'spki', format: 'der' });
  return `SHA256:${createHash('sha256').update(der).digest('base64')}`;
};

interface Claims {
  readonly iss: string;
  readonly sub: string;
  readonly iat: number;
  readonly exp: number;
}

async function jwt(
  changes: Partial<Claims> = {},
  key = keys.privateKey,
  algorithm = 'RS256',
): Promise<string> {
  const sub = 'MYORG-MYACCOUNT.ADA';
  const now = Date.now();
  const claims = {
    iss: `${sub}.${fingerprint(keys.publicKey)}`,
    sub,
    iat: now,
    exp: now + 60_000,
    ...changes,
  };
  const secret = algorithm === 'HS256' ? Buffer.from(keys.publicKey) : createPrivateKey(key);
  return new SignJWT({ ...claims }).setProtectedHeader({ alg: algorithm }).sign(secret);
}

describe('a key pair', () => {
  const logInBy = async (token: Promise<string>): Promise<string | null> =>
    (await logIn({ AUTHENTICATOR: 'SNOWFLAKE_JWT', TOKEN: await token })).code;

  test('that is right lets the user in', async () => expect(await logInBy(jwt())).toBe(null));

  test.each<[string, () => Promise<string>]>([
    ['signed by another key', () => jwt({}, stranger.privateKey)],
    ['for another user', () => jwt({ sub: 'MYORG-MYACCOUNT.BOB' })],
    ['for another account', () => jwt({ iss: `OTHER.ADA.${fingerprint(keys.publicKey)}` })],
    [
      'with the fingerprint of another key',
      () => jwt({ iss: `MYORG-MYACCOUNT.ADA.${fingerprint(stranger.publicKey)}` }),
    ],
    ['that has run out', () => jwt({ iat: Date.now() - 120_000, exp: Date.now() - 60_000 })],
    ['from the future', () => jwt({ iat: Date.now() + 600_000, exp: Date.now() + 660_000 })],
    ['that holds too long', () => jwt({ exp: Date.now() + 86_400_000 })],
    ['signed with the public key as a secret', () => jwt({}, keys.privateKey, 'HS256')],
    ['that was tampered with', async () => `${(await jwt()).slice(0, -4)}AAAA`],
  ])('%s is refused', async (_, token) => expect(await logInBy(token())).toBe('390144'));

  test('an authenticator that the stand-in does not check is refused', async () =>
    expect(await logIn({ AUTHENTICATOR: 'OAUTH', TOKEN: 'x' })).toMatchObject({ code: '390139' }));
});

describe('a session', () => {
  const query = (token?: string): Promise<Answer> =>
    ask(`/queries/v1/query-request?requestId=${randomUUID()}`, { sqlText: 'SELECT 1' }, token);

  test('is needed, and ends', async () => {
    const { data } = await logIn({ AUTHENTICATOR: 'SNOWFLAKE', PASSWORD: 'pass-1' });
    const token = String(data?.['token']);
    expect(await query()).toMatchObject({ success: false, code: '390103' });
    expect(await query('made up')).toMatchObject({ success: false, code: '390104' });
    expect(await ask('/session?delete=true', {}, token)).toMatchObject({ success: true });
    expect(await query(token)).toMatchObject({ success: false, code: '390111' });
  });
});

describe('a statement', () => {
  let token: string;

  beforeAll(async () => {
    const { data } = await logIn({ AUTHENTICATOR: 'SNOWFLAKE', PASSWORD: 'pass-1' });
    token = String(data?.['token']);
  });

  /** Asks again as long as the answer is that the query still runs. */
  async function run(sqlText: string, more: object = {}): Promise<Answer> {
    const path = `/queries/v1/query-request?requestId=${randomUUID()}`;
    let answer = await ask(path, { sqlText, ...more }, token);
    while (answer.code === '333333')
      answer = await ask(String(answer.data?.['getResultUrl']), undefined, token);
    return answer;
  }

  test('that is right is answered', async () =>
    expect(await run('SELECT COUNT(*) FROM "BRAZE_CDI"."USERS" AS t')).toMatchObject({
      success: true,
      data: { rowset: [['1']] },
    }));

  test.each([
    ['SELECT COUNT(*) FROM "BRAZE_CDI"."users" AS t', '002003'],
    ['SELECT COUNT(*) FROM "braze_cdi"."USERS" AS t', '002003'],
    ['SELECT t."payload" FROM "BRAZE_CDI"."USERS" AS t', '000904'],
    ['SELECT COUNT(*) FROM USERS AS t', '090106'],
    ['SELECT STRFTIME(t."UPDATED_AT", \'%Y\') FROM "BRAZE_CDI"."USERS" AS t', '002140'],
    ['SELECT READ_TEXT(\'x\') FROM "BRAZE_CDI"."USERS" AS t', '002140'],
    ['SELECT TO_VARCHAR(t."UPDATED_AT", \'YYYY\') FROM "BRAZE_CDI"."USERS" AS t', '000002'],
    ['DELETE FROM "BRAZE_CDI"."USERS"', '003001'],
    ['SELECT 1; SELECT 2', '000008'],
    ['SELECT FROM WHERE', '001003'],
  ])('%s is refused with %s', async (sql, code) => {
    expect(await run(sql)).toMatchObject({ success: false, code });
  });

  test.each([
    [{ NO_PARAMETER: 1 }, '001006'],
    [{ CLIENT_RESULT_CHUNK_SIZE: 8 }, '001008'],
    [{ STATEMENT_TIMEOUT_IN_SECONDS: '60' }, '001008'],
    [{ QUERY_TAG: 'x'.repeat(2_001) }, '001008'],
  ])('with the parameters %j is refused with %s', async (parameters, code) => {
    expect(await run('SELECT 1', { parameters })).toMatchObject({ success: false, code });
  });

  test('what was refused is on record, and so is what a driver should not ask for', async () => {
    await fetch(`http://${LOCALHOST}:${standIn.server.port}/telemetry/send`, { method: 'POST', body: '{}' });
    const { refused } = await standIn.server.state();
    expect(refused.some((text) => text.includes('STRFTIME'))).toBe(true);
    expect(refused.some((text) => text.includes('NO_PARAMETER'))).toBe(true);
    expect(refused).toContain('POST /telemetry/send');
  });

  test('rows of a result are given to nobody without its key', async () => {
    const source = await standIn.createLargeTable('MANY', 2_000, 500);
    const { data } = await run(`SELECT t."PAYLOAD" FROM "${source.schema}"."MANY" AS t`);
    const [chunk] = data?.['chunks'] as [{ url: string }];
    const { pathname } = new URL(chunk.url);
    const fetched = (path: string): Promise<Response> =>
      fetch(`http://${LOCALHOST}:${standIn.server.port}${path}`);
    expect((await fetched(pathname)).status).toBe(200);
    expect((await fetched(pathname.replace(/^(\/results\/[^/]+\/)[^/]+/, '$1other'))).status).toBe(403);
  });
});
