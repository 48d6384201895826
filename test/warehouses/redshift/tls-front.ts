/** Ends TLS before a PostgreSQL that has none, by the negotiation of its protocol ("SSL Session Encryption"). */
import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { LOCALHOST } from '../../../client/embedded/claim-port.ts';
import { type Certificates, makeCertificates } from '../certificates.ts';

/** Length and number of the message that asks for TLS. */
const TLS_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

export interface TlsFront extends AsyncDisposable {
  /** On 127.0.0.1. */
  readonly port: number;
  /** PEM of the issuer of its certificate. */
  readonly ca: string;
}

/** @param target port of the server, on 127.0.0.1 */
export async function startTlsFront(target: number): Promise<TlsFront> {
  const certificates = makeCertificates();
  const clients = new Set<Socket>();
  const listener = createServer((client) => {
    clients.add(client);
    client.once('close', () => clients.delete(client));
    client.on('error', () => undefined);
    client.once('data', (first: Buffer) => {
      const secured = first.equals(TLS_REQUEST) ? secure(client, certificates) : client;
      const server = connect(target, LOCALHOST);
      if (secured === client) server.write(first);
      join(secured, server);
    });
  });
  listener.listen(0, LOCALHOST);
  await once(listener, 'listening');
  return {
    port: (listener.address() as AddressInfo).port,
    ca: certificates.ca,
    [Symbol.asyncDispose]: async () => {
      const closed = once(listener, 'close');
      listener.close();
      for (const client of clients) client.destroy();
      await closed;
    },
  };
}

function secure(client: Socket, { cert, key }: Certificates): TLSSocket {
  client.write('S');
  return new TLSSocket(client, { isServer: true, cert, key });
}

function join(client: Duplex, server: Socket): void {
  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    from.on('error', () => to.destroy());
    from.once('close', () => to.destroy());
    from.pipe(to);
  }
}
