import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { endpointOf } from '../../../activities/braze/endpoints.ts';
import { IdleClients } from '../../../activities/braze/idle-clients.ts';

const server = createServer((request, response) => void request.resume().on('end', () => response.end('{}')));
let connections = 0;
server.on('connection', () => (connections += 1));
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

afterEach(() => {
  server.closeAllConnections();
});

const ATTRIBUTES = endpointOf('attributes', '');

test('a client that comes back is used again, with its connections; one in use is never shared', async () => {
  const clients = new IdleClients(() => true);
  const options = { endpoint, apiKey: 'k', connections: 1 };
  const first = clients.take(options);
  await first.send(ATTRIBUTES, Buffer.from('{}'), () => true);
  expect(clients.take(options)).not.toBe(first);
  clients.giveBack(options, first);
  expect(clients.take({ ...options, apiKey: 'other' })).not.toBe(first);
  const again = clients.take({ ...options });
  expect(again).toBe(first);
  await again.send(ATTRIBUTES, Buffer.from('{}'), () => true);
  expect(connections).toBe(1);
  await again.destroy();
});

test('of two that come back one is kept and the other is closed', async () => {
  const clients = new IdleClients(() => true);
  const options = { endpoint, apiKey: 'k', connections: 4 };
  const [one, other] = [clients.take(options), clients.take(options)];
  clients.giveBack(options, one);
  clients.giveBack(options, other);
  expect(clients.take(options)).toBe(one);
  await expect(other.send(ATTRIBUTES, Buffer.from('{}'), () => true)).rejects.toThrow();
  await one.destroy();
});
