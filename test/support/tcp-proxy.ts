/** Stands before a server and does to its connections what networks do. */
import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';

const LOCALHOST = '127.0.0.1';

export interface TcpProxy extends AsyncDisposable {
  /** On 127.0.0.1. */
  readonly port: number;
  /** How many connections were reset. */
  readonly cuts: number;
  /** Resets the connection that brings this byte from the server, counted from now over all connections. */
  cutAfter(bytes: number): void;
  /** From now on every connection is reset, and none is let through. */
  refuse(): void;
  /** From now on nothing passes, in either direction, and nobody is told. */
  swallow(): void;
  /** Lets everything through again; what was swallowed arrives now. */
  heal(): void;
}

interface Link {
  readonly client: Socket;
  readonly server: Socket;
}

/** @param target port of the server, on 127.0.0.1 */
export async function startTcpProxy(target: number): Promise<TcpProxy> {
  const links = new Set<Link>();
  let way: 'open' | 'refused' | 'swallowed' = 'open';
  let untilCut = Infinity;
  let cuts = 0;

  const cut = (link: Link): void => {
    cuts += 1;
    link.client.resetAndDestroy();
    link.server.destroy();
  };
  const listener = createServer((client) => {
    if (way === 'refused') {
      cuts += 1;
      client.resetAndDestroy();
      return;
    }
    const server = connect(target, LOCALHOST);
    const link = { client, server };
    links.add(link);
    const forget = (): void => {
      links.delete(link);
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      // A reset of one side is told to the other by its end.
      socket.on('error', () => undefined);
      socket.once('close', forget);
    }
    server.on('data', (chunk: Buffer) => {
      untilCut -= chunk.length;
      if (untilCut > 0) return;
      untilCut = Infinity;
      cut(link);
    });
    client.pipe(server);
    server.pipe(client);
    if (way === 'swallowed') hold(link);
  });
  listener.listen(0, LOCALHOST);
  await once(listener, 'listening');

  return {
    port: (listener.address() as AddressInfo).port,
    get cuts() {
      return cuts;
    },
    cutAfter: (bytes) => (untilCut = bytes),
    refuse: () => {
      way = 'refused';
      for (const link of [...links]) cut(link);
    },
    swallow: () => {
      way = 'swallowed';
      for (const link of links) hold(link);
    },
    heal: () => {
      way = 'open';
      for (const link of links) {
        link.client.pipe(link.server);
        link.server.pipe(link.client);
      }
    },
    [Symbol.asyncDispose]: async () => {
      const closed = once(listener, 'close');
      listener.close();
      for (const { client, server } of [...links]) {
        client.destroy();
        server.destroy();
      }
      await closed;
    },
  };
}

function hold({ client, server }: Link): void {
  client.unpipe(server);
  server.unpipe(client);
  client.pause();
  server.pause();
}
