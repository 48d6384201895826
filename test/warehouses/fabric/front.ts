/**
 * Stands before pysqlbridge as the gateway of Fabric does: TLS, a login with a token of Entra and no other, permissions, the
 * limits of a capacity. Does to queries what a test asks for, and remembers them.
 */
import { once } from 'node:events';
import { type AddressInfo, type Socket, createServer } from 'node:net';
import { createSecureContext } from 'node:tls';
import type { Certificates } from '../certificates.ts';
import type { Bridge } from './bridge.ts';
import type { Entra } from './entra.ts';
import { admit } from './front-login.ts';
import { FrontSession, type RunningQuery, type Treatment } from './front-session.ts';
import type { Statement } from './statement.ts';

export interface Front extends AsyncDisposable {
  /** On 127.0.0.1. */
  readonly port: number;
  readonly treatment: Treatment;
  readonly seen: readonly Statement[];
  readonly running: ReadonlySet<RunningQuery>;
  /** Sessions that are logged in, or about to. */
  readonly sessions: number;
}

export interface FrontDependencies {
  readonly bridge: Bridge;
  readonly entra: Entra;
  readonly certificates: Certificates;
}

export async function startFront({ bridge, entra, certificates }: FrontDependencies): Promise<Front> {
  const secureContext = createSecureContext(certificates);
  const sockets = new Set<Socket>();
  const treatment: Treatment = {};
  const seen: Statement[] = [];
  const running = new Set<RunningQuery>();
  const doors = { secureContext, bridge, entra, closed: () => treatment.login };
  const serve = async (socket: Socket): Promise<void> => {
    const admitted = await admit(socket, doors);
    if (admitted) await new FrontSession(admitted, { treatment, seen, running }).serve();
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
    void serve(socket).catch((error: unknown) => {
      // What the front does not know must not pass for something else.
      process.stderr.write(`The front of Fabric: ${String(error)}\n`);
      socket.resetAndDestroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    treatment,
    seen,
    running,
    get sessions() {
      return sockets.size;
    },
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
