import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type ConnectionOptions, connect, createServer } from 'node:tls';
import { expect, test } from 'vitest';
import { makeCertificates } from '../../warehouses/certificates.ts';

async function handshake(options: ConnectionOptions): Promise<string> {
  const { cert, key, ca } = made;
  const server = createServer({ cert, key }, (socket) => socket.on('error', () => undefined)).listen(
    0,
    '127.0.0.1',
  );
  server.on('tlsClientError', () => undefined);
  await once(server, 'listening');
  const socket = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, ca, ...options });
  try {
    await once(socket, 'secureConnect');
    return 'trusted';
  } catch (error) {
    return String(Reflect.get(error as object, 'code'));
  } finally {
    socket.destroy();
    server.close();
  }
}

const made = makeCertificates(['localhost', 'a-rather-long-name.warehouse.example', '127.0.0.1']);

test('a client that has the authority trusts every name of the server, and no other', async () => {
  expect(await handshake({ servername: 'localhost' })).toBe('trusted');
  expect(await handshake({ servername: 'a-rather-long-name.warehouse.example' })).toBe('trusted');
  expect(await handshake({})).toBe('trusted');
  expect(await handshake({ servername: 'elsewhere.example' })).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
});

test('a client without the authority, or with another, does not', async () => {
  expect(await handshake({ servername: 'localhost', ca: [] })).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  const other = makeCertificates().ca;
  expect(await handshake({ servername: 'localhost', ca: other })).toMatch(/SIGNATURE|ISSUER/);
});

test('only the authority may sign', () => {
  expect(new X509Certificate(made.ca).ca).toBe(true);
  const server = new X509Certificate(made.cert);
  expect(server.ca).toBe(false);
  expect(server.verify(new X509Certificate(made.ca).publicKey)).toBe(true);
  expect(new Date(server.validTo).getTime()).toBeGreaterThan(Date.now());
});
