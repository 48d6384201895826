import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type BrazeClient,
  NoAnswerError,
  NotWrittenError,
  createBrazeClient,
} from '../../../activities/braze/client.ts';
import { endpointOf } from '../../../activities/braze/endpoints.ts';

const endpoint = endpointOf('events', '');

let server: Server;
let client: BrazeClient;
let received: { url: string | undefined; headers: NodeJS.Dict<string | string[]>; body: string }[] = [];
let behave: (respond: (status: number, body: string) => void, drop: () => void) => void;

beforeEach(async () => {
  received = [];
  behave = (respond) => respond(201, '{"message":"success"}');
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      received.push({ url: request.url, headers: request.headers, body });
      behave(
        (status, text) => response.writeHead(status, { 'x-ratelimit-remaining': '7' }).end(text),
        () => request.socket.destroy(),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  client = createBrazeClient(
    { endpoint: `http://127.0.0.1:${port}/`, apiKey: 'k', connections: 1 },
    () => true,
  );
});

afterEach(async () => {
  await client.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const always = (): boolean => true;
const never = (): void => expect.unreachable('written late');

test('sends body and key, and gives the answer with its headers', async () => {
  const answer = await client.send(endpoint, Buffer.from('{"events":[]}'), always, never);
  expect(answer).toMatchObject({
    status: 201,
    body: '{"message":"success"}',
    headers: { 'x-ratelimit-remaining': '7' },
  });
  expect(received).toMatchObject([
    {
      url: '/users/track',
      body: '{"events":[]}',
      headers: { authorization: 'Bearer k', 'content-type': 'application/json' },
    },
  ]);
});

test('asks at the moment of writing, not before: a request that waited for its connection is held back', async () => {
  let mayWrite = true;
  let answerFirst = (): void => undefined;
  behave = (respond) => {
    answerFirst = () => respond(201, '{}');
  };
  const first = client.send(endpoint, Buffer.from('1'), () => mayWrite, never);
  const second = client.send(endpoint, Buffer.from('2'), () => mayWrite, never);
  await expect.poll(() => received.length).toBe(1);
  mayWrite = false;
  answerFirst();
  await first;
  await expect(second).rejects.toBeInstanceOf(NotWrittenError);
  expect(received).toHaveLength(1);
});

test('a connection that ends without an answer leaves open whether Braze has it', async () => {
  behave = (_respond, drop) => drop();
  const error = await client
    .send(endpoint, Buffer.from('x'), always, never)
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(NoAnswerError);
  expect(error).toMatchObject({ written: true });
});

test('a server that cannot be reached has received nothing', async () => {
  const closed = createBrazeClient(
    { endpoint: 'http://127.0.0.1:1', apiKey: 'k', connections: 1 },
    () => true,
  );
  const error = await closed
    .send(endpoint, Buffer.from('x'), always, never)
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(NoAnswerError);
  expect(error).toMatchObject({ written: false });
  await closed.destroy();
});

test('destroying the client ends what is in flight', async () => {
  behave = () => undefined;
  const sent = client.send(endpoint, Buffer.from('x'), always, never);
  await expect.poll(() => received.length).toBe(1);
  await client.destroy();
  await expect(sent).rejects.toMatchObject({ written: true });
});

test('tells of a request that was written when it might be written no more', async () => {
  // The process stood still between the question and the write.
  let asked = 0;
  let late = 0;
  const mayWrite = (): boolean => (asked += 1) === 1;
  const answer = await client.send(endpoint, Buffer.from('x'), mayWrite, () => void (late += 1));
  expect(answer.status).toBe(201);
  expect(late).toBe(1);
});
