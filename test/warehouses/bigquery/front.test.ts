/** The front refuses what BigQuery refuses, and what it does not know. */
import { createPrivateKey } from 'node:crypto';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LOCALHOST } from '../../../client/embedded/claim-port.ts';
import { type Emulator, startEmulator } from './emulator.ts';
import { type Front, startFront } from './front.ts';
import { TokenCheck, makeServiceAccount } from './service-account.ts';

const PROJECT = 'p';
const SCOPE = 'https://www.googleapis.com/auth/bigquery';
const registered = makeServiceAccount('one', PROJECT);
const stranger = makeServiceAccount('two', PROJECT);
const tokens = new TokenCheck();
tokens.register(registered);

let emulator: Emulator;
let front: Front;

beforeAll(async () => {
  emulator = await startEmulator(PROJECT);
  front = await startFront({ emulator, tokens });
});

afterAll(async () => {
  await front?.[Symbol.asyncDispose]();
  await emulator?.[Symbol.asyncDispose]();
});

interface Forged {
  readonly signer?: string;
  readonly kid?: string;
  readonly iss?: string;
  readonly scope?: string;
  readonly iat?: number;
  readonly life?: number;
}

async function token(forged: Forged = {}): Promise<string> {
  const { signer = registered.key, kid = registered.keyId, iss = registered.email, scope = SCOPE } = forged;
  const { private_key: pem } = JSON.parse(signer) as { private_key: string };
  const { iat = Math.floor(Date.now() / 1_000), life = 3_600 } = forged;
  return new SignJWT({ scope })
    .setProtectedHeader({ alg: 'RS256', kid })
    .setIssuer(iss)
    .setSubject(iss)
    .setIssuedAt(iat)
    .setExpirationTime(iat + life)
    .sign(createPrivateKey(pem));
}

async function ask(
  method: string,
  path: string,
  { authorization, body }: { authorization?: string | undefined; body?: unknown } = {},
): Promise<{ status: number; reason: string | undefined; body: unknown }> {
  const bearer = authorization ?? `Bearer ${await token()}`;
  const answer = await fetch(`http://${LOCALHOST}:${front.port}/bigquery/v2/projects/${path}`, {
    method,
    headers: { authorization: bearer, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answered = (await answer.json()) as { error?: { errors: { reason: string }[] } };
  return { status: answer.status, reason: answered.error?.errors[0]?.reason, body: answered };
}

const job = (query: object, more: object = {}, jobId?: string): { body: unknown } => ({
  body: {
    jobReference: { projectId: PROJECT, location: 'EU', ...(jobId ? { jobId } : {}) },
    configuration: { query: { query: 'SELECT COUNT(*) AS n', useLegacySql: false, ...query }, ...more },
  },
});
const dry = (query: object, more: object = {}): { body: unknown } => job(query, { dryRun: true, ...more });

describe('tokens', () => {
  test('one that the registered key signed is taken', async () => {
    expect(await ask('POST', `${PROJECT}/jobs`, dry({}))).toMatchObject({ status: 200 });
  });

  const hourAgo = Math.floor(Date.now() / 1_000) - 3_700;
  test.each<[string, () => Promise<string>]>([
    ['none', async () => ''],
    ['of another scheme', async () => `Basic ${await token()}`],
    ['no JWT', async () => 'Bearer static'],
    ['signed by another key', async () => `Bearer ${await token({ signer: stranger.key })}`],
    [
      'of an account that nobody knows',
      async () => `Bearer ${await token({ signer: stranger.key, kid: stranger.keyId, iss: stranger.email })}`,
    ],
    ['that names another account', async () => `Bearer ${await token({ iss: stranger.email })}`],
    ['of the last hour', async () => `Bearer ${await token({ iat: hourAgo })}`],
    ['of the next hour', async () => `Bearer ${await token({ iat: hourAgo + 7_400 })}`],
    ['that lives longer than an hour', async () => `Bearer ${await token({ life: 3_601 })}`],
    [
      'for another API',
      async () => `Bearer ${await token({ scope: 'https://www.googleapis.com/auth/drive' })}`,
    ],
    [
      'that was changed',
      async () => {
        const [head, , signature] = (await token()).split('.');
        const claims = { iss: registered.email, sub: registered.email, iat: 1, exp: 9e9, scope: SCOPE };
        return `Bearer ${head}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`;
      },
    ],
    [
      'without a signature',
      async () => {
        const [, claims] = (await token()).split('.');
        const head = { alg: 'none', kid: registered.keyId };
        return `Bearer ${Buffer.from(JSON.stringify(head)).toString('base64url')}.${claims}.`;
      },
    ],
  ])('%s is refused', async (_, authorization) => {
    const answer = await ask('POST', `${PROJECT}/jobs`, { ...dry({}), authorization: await authorization() });
    expect(answer).toMatchObject({ status: 401, reason: 'authError' });
  });
});

describe('requests', () => {
  test.each<[string, number, string, Parameters<typeof ask>]>([
    ['another project', 404, 'notFound', ['POST', 'other/jobs', dry({})]],
    ['a job that is not there', 404, 'notFound', ['GET', `${PROJECT}/jobs/x?location=EU`]],
    ['an unknown route', 501, 'notImplemented', ['GET', `${PROJECT}/datasets`]],
    ['an unknown parameter', 400, 'badRequest', ['POST', `${PROJECT}/jobs?skipParsing=true`, dry({})]],
    ['an unknown field', 400, 'badRequest', ['POST', `${PROJECT}/jobs`, dry({ maxResults: 1 })]],
    ['legacy SQL', 400, 'badRequest', ['POST', `${PROJECT}/jobs`, dry({ useLegacySql: true })]],
    [
      'a label in capitals',
      400,
      'badRequest',
      ['POST', `${PROJECT}/jobs`, dry({}, { labels: { sync: 'Users' } })],
    ],
    [
      'a label that is too long',
      400,
      'badRequest',
      ['POST', `${PROJECT}/jobs`, dry({}, { labels: { sync: 'x'.repeat(64) } })],
    ],
    ['an id of a job with a dot', 400, 'badRequest', ['POST', `${PROJECT}/jobs`, job({}, {}, 'a.b')]],
    [
      'a parameter that is not given',
      400,
      'invalidQuery',
      ['POST', `${PROJECT}/jobs`, dry({ query: 'SELECT @from AS n' })],
    ],
    [
      'a parameter without a value',
      400,
      'badRequest',
      [
        'POST',
        `${PROJECT}/jobs`,
        dry({ queryParameters: [{ name: 'from', parameterType: { type: 'STRING' }, parameterValue: {} }] }),
      ],
    ],
    [
      'a word that nobody looked at',
      400,
      'invalidQuery',
      ['POST', `${PROJECT}/jobs`, dry({ query: 'SELECT VERSION() AS n' })],
    ],
    [
      'a second statement',
      400,
      'invalidQuery',
      ['POST', `${PROJECT}/jobs`, dry({ query: 'SELECT 1; SELECT 2' })],
    ],
    ['a comment', 400, 'invalidQuery', ['POST', `${PROJECT}/jobs`, dry({ query: 'SELECT 1 -- n' })]],
    [
      'a cast of DuckDB',
      400,
      'invalidQuery',
      ['POST', `${PROJECT}/jobs`, dry({ query: 'SELECT 1::STRING' })],
    ],
    [
      'a dataset that is not there',
      404,
      'notFound',
      ['POST', `${PROJECT}/jobs`, dry({ query: 'SELECT * FROM `ds`.`x` AS t' })],
    ],
    [
      'a name that nothing has',
      400,
      'invalid',
      ['POST', `${PROJECT}/jobs`, dry({ query: 'SELECT * FROM `a.b`.`x` AS t' })],
    ],
  ])('%s: %d %s', async (_, status, reason, request) => {
    expect(await ask(...request)).toMatchObject({ status, reason });
  });

  test('an id of a job is used once', async () => {
    expect(await ask('POST', `${PROJECT}/jobs`, job({}, {}, 'once'))).toMatchObject({ status: 200 });
    expect(await ask('POST', `${PROJECT}/jobs`, job({}, {}, 'once'))).toMatchObject({
      status: 409,
      reason: 'duplicate',
    });
  });

  test('a job is found in its location only', async () => {
    await ask('POST', `${PROJECT}/jobs`, job({}, {}, 'here'));
    expect(await ask('GET', `${PROJECT}/jobs/here?location=EU`)).toMatchObject({ status: 200 });
    expect(await ask('GET', `${PROJECT}/jobs/here?location=US`)).toMatchObject({ status: 404 });
    expect(await ask('GET', `${PROJECT}/jobs/here`)).toMatchObject({ status: 404 });
  });

  test('a job that was cancelled has no rows', async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    front.jobs.gate = promise;
    await ask('POST', `${PROJECT}/jobs`, job({}, {}, 'slow'));
    expect(await ask('GET', `${PROJECT}/jobs/slow?location=EU`)).toMatchObject({
      body: { status: { state: 'RUNNING' } },
    });
    await ask('POST', `${PROJECT}/jobs/slow/cancel?location=EU`);
    front.jobs.gate = undefined;
    resolve(undefined);
    expect(await ask('GET', `${PROJECT}/jobs/slow?location=EU`)).toMatchObject({
      body: { status: { state: 'DONE', errorResult: { reason: 'stopped' } } },
    });
    expect(await ask('GET', `${PROJECT}/queries/slow?location=EU`)).toMatchObject({ reason: 'stopped' });
  });

  test('a job ends with its own time', async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    front.jobs.gate = promise;
    await ask('POST', `${PROJECT}/jobs`, job({}, { jobTimeoutMs: '50' }, 'timed'));
    expect(await ask('GET', `${PROJECT}/queries/timed?location=EU`)).toMatchObject({ reason: 'stopped' });
    front.jobs.gate = undefined;
    resolve(undefined);
  });
});
