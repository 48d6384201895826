/** Clients that send too much, too slowly, or something crooked. Whoever has no key gets no further than this. */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Session } from '../../../client/session.ts';
import { type ServedApi, serveApiOf } from '../../support/api-client.ts';

let session: Session;
let api: ServedApi;
let port: number;

beforeAll(async () => {
  session = new Session({
    // Nothing here may come as far as the ledger.
    ledgerUrl: 'postgresql://nobody@127.0.0.1:1/nothing',
    keys: `test:${randomBytes(32).toString('base64')}`,
    connectionOptions: { address: '127.0.0.1:1' },
    namespace: 'default',
  });
  api = await serveApiOf(session, {
    limits: { headersTimeout: 300, requestTimeout: 600, connectionsCheckingInterval: 50 },
  });
  port = Number(new URL(api.url).port);
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await session.close();
});

/** Sends pieces of a request, with a pause before each but the first, and reads to the end of the connection. */
async function raw(pieces: readonly string[], pauseMs = 0): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.setEncoding('utf8').on('data', (text: string) => (answer += text));
  socket.on('error', () => undefined);
  // A server that cuts off resets what still comes: what it answered before counts.
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  for (const [index, piece] of pieces.entries()) {
    if (index > 0) await Promise.race([sleep(pauseMs), closed]);
    if (socket.destroyed) break;
    socket.write(piece);
  }
  await closed;
  return answer;
}

const statusOf = (answer: string): string | undefined => /^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1];
const lines = (...texts: string[]): string => `${texts.join('\r\n')}\r\n\r\n`;

test('a body beyond 64 KB is refused, announced or not', async () => {
  const large = 'x'.repeat(70_000);
  const announced = await fetch(`${api.url}/v1/syncs/a/pause`, { method: 'POST', body: large });
  expect([announced.status, ((await announced.json()) as { code: string }).code]).toEqual([
    413,
    'body_too_large',
  ]);
  const streamed = await fetch(`${api.url}/login`, {
    method: 'POST',
    headers: { origin: api.url, 'content-type': 'application/x-www-form-urlencoded' },
    body: ReadableStream.from([Buffer.from(large)]),
    duplex: 'half',
  });
  expect(streamed.status).toBe(413);
});

test('headers beyond 16 KB are refused', async () => {
  const answer = await raw([
    lines('GET /healthz HTTP/1.1', 'Host: a', 'Connection: close', `X-Large: ${'x'.repeat(20_000)}`),
  ]);
  expect(statusOf(answer)).toBe('431');
});

test('headers and bodies that come drop by drop are cut off', async () => {
  const drops = Array.from({ length: 200 }, (_, n) => `X-${n}: y\r\n`);
  expect(statusOf(await raw(['GET /healthz HTTP/1.1\r\nHost: a\r\n', ...drops], 50))).toBe('408');
  const head = lines('POST /v1/syncs/a/pause HTTP/1.1', 'Host: a', 'Content-Length: 500');
  const slow = await raw([head, ...Array.from({ length: 200 }, () => ' ')], 50);
  expect(['401', '408']).toContain(statusOf(slow));
});

test('a request whose length is ambiguous is refused, and nothing is taken for a second one', async () => {
  const smuggled = 'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n';
  for (const headers of [
    ['Content-Length: 4', 'Transfer-Encoding: chunked'],
    ['Content-Length: 4', `Content-Length: ${smuggled.length}`],
    ['Transfer-Encoding: chunked, identity'],
    ['Transfer-Encoding : chunked'],
  ]) {
    const answer = await raw([
      `${lines('POST /v1/syncs/a/run HTTP/1.1', 'Host: a', ...headers)}0\r\n\r\n${smuggled}`,
    ]);
    expect(statusOf(answer)).toBe('400');
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
  }
});

test('headers do not change method, host or way of a request, and no address is echoed', async () => {
  const answer = await fetch(`${api.url}/healthz`, {
    headers: {
      'x-http-method-override': 'DELETE',
      'x-forwarded-host': 'evil.example',
      'x-original-url': '/v1/syncs',
      'x-rewrite-url': '/v1/syncs',
    },
  });
  expect([answer.status, await answer.json()]).toEqual([200, { status: 'ok' }]);
  const host = await raw([lines('GET /syncs/a HTTP/1.1', 'Host: evil.example', 'Connection: close')]);
  expect(host).toMatch(/^location: \/login\?to=%2Fsyncs%2Fa\r$/im);
  expect(host).not.toContain('evil.example');
});

test('a key counts only as a bearer token in one Authorization header', async () => {
  const key = `cdi_000000000000_${'x'.repeat(43)}`;
  const tries: [string, Record<string, string>?][] = [
    [`/v1/syncs?key=${key}`],
    ['/v1/syncs', { 'x-api-key': key }],
    ['/v1/syncs', { authorization: key }],
    ['/v1/syncs', { authorization: `Basic ${key}` }],
    ['/v1/syncs', { authorization: `Bearer ${key}, Bearer ${key}` }],
    ['/v1/syncs', { authorization: `Bearer ${'x'.repeat(5_000)}` }],
    ['/v1/syncs', { cookie: `cdi_session=${key}` }],
  ];
  for (const [path, headers = {}] of tries) {
    const answer = await fetch(`${api.url}${path}`, { headers });
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
  }
  expect(api.log()).not.toContain(key);
});

test('an address with crooked escapes is refused, not an error of ours', async () => {
  for (const path of [
    '/v1/syncs/%',
    '/v1/syncs/%ff',
    '/syncs/..%2f..%2fetc',
    '/cdi/integrations/%00/sync',
    '//',
  ]) {
    const answer = await raw([lines(`GET ${path} HTTP/1.1`, 'Host: a', 'Connection: close')]);
    expect(Number(statusOf(answer))).toBeLessThan(500);
  }
});

test('where the ledger does not answer, so it says, and no word of why', async () => {
  const answer = await fetch(`${api.url}/v1/syncs`, {
    headers: { authorization: `Bearer cdi_000000000000_${'x'.repeat(43)}` },
  });
  expect(answer.status).toBe(503);
  expect(await answer.json()).toMatchObject({
    code: 'unavailable',
    detail: expect.not.stringContaining('127.0.0.1') as string,
  });
  const ready = await fetch(`${api.url}/readyz`);
  expect([ready.status, await ready.json()]).toEqual([
    503,
    { status: 'unavailable', ledger: 'unavailable', temporal: 'unavailable' },
  ]);
});
