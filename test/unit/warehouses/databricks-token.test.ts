import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { classifyDatabricks } from '../../../activities/warehouses/databricks/errors.ts';
import { type ServicePrincipal, serviceTokens } from '../../../activities/warehouses/databricks/token.ts';
import { makeCertificates } from '../../warehouses/certificates.ts';

const certificates = makeCertificates();
let asked: { readonly url: string; readonly login: string; readonly form: string }[] = [];
let answer: { status: number; body: string };

const server = createServer({ cert: certificates.cert, key: certificates.key }, (request, response) => {
  void text(request).then((form) => {
    asked.push({ url: request.url ?? '', login: request.headers.authorization ?? '', form });
    response.writeHead(answer.status).end(answer.body);
  });
});
let principal: ServicePrincipal;
beforeAll(async () => {
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  principal = {
    origin: `https://localhost:${(server.address() as AddressInfo).port}`,
    clientId: 'id',
    clientSecret: 'secret',
    ca: [certificates.ca],
    timeoutMs: 5_000,
  };
});
afterAll(() => server.close());

const token = (value: string, seconds: number): void => {
  answer = { status: 200, body: JSON.stringify({ access_token: value, expires_in: seconds }) };
};
const failureOf = (tokens: () => Promise<unknown>): Promise<Error> =>
  tokens().then(() => new Error('No failure.'), classifyDatabricks);

beforeEach(() => {
  asked = [];
  token('first', 3_600);
});

test('a token is asked for once, however many requests wait for it', async () => {
  const tokens = serviceTokens(principal);
  const headers = await Promise.all([tokens(), tokens(), tokens()]);
  expect(headers).toEqual(Array(3).fill({ Authorization: 'Bearer first' }));
  expect(await tokens()).toEqual({ Authorization: 'Bearer first' });
  expect(asked).toEqual([
    {
      url: '/oidc/v1/token',
      login: `Basic ${Buffer.from('id:secret').toString('base64')}`,
      form: 'grant_type=client_credentials&scope=all-apis',
    },
  ]);
});

test('it is renewed before it runs out', async () => {
  token('first', 0.5);
  const tokens = serviceTokens(principal);
  expect(await tokens()).toEqual({ Authorization: 'Bearer first' });
  token('second', 3_600);
  await sleep(420);
  expect(await tokens()).toEqual({ Authorization: 'Bearer second' });
  expect(asked).toHaveLength(2);
});

test.each([
  [401, '{"error":"invalid_client"}', 'credentials_invalid'],
  [400, '{"error":"invalid_request"}', 'credentials_invalid'],
  [404, 'Not found', 'credentials_invalid'],
  [200, '<html>', 'credentials_invalid'],
  [200, '{"access_token":""}', 'credentials_invalid'],
  [429, '', 'warehouse_unreachable'],
  [503, '', 'warehouse_unreachable'],
])('%i %s is %s, and says no secret', async (status, body, type) => {
  answer = { status, body };
  const failure = await failureOf(serviceTokens(principal));
  expect(failure).toMatchObject({ type, vendorCode: `HTTP ${status}` });
  expect(failure.message).not.toMatch(/\bsecret\b.*\bsecret\b/);
});

test('a failure is not kept', async () => {
  const tokens = serviceTokens(principal);
  answer = { status: 503, body: '' };
  await failureOf(tokens);
  token('later', 3_600);
  expect(await tokens()).toEqual({ Authorization: 'Bearer later' });
});

test('a certificate that is not trusted, and a server that is not there', async () => {
  expect(await failureOf(serviceTokens({ ...principal, ca: undefined }))).toMatchObject({
    type: 'tls_failed',
  });
  const nowhere = { ...principal, origin: 'https://localhost:1' };
  expect(await failureOf(serviceTokens(nowhere))).toMatchObject({ type: 'warehouse_unreachable' });
});
