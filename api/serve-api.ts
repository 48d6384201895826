/** The server under the application: bounded in what it reads, how long it waits, and how many it serves. */
import { once } from 'node:events';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { CommandError, EXIT } from '../client/command-error.ts';
import { createApi } from './app.ts';
import type { ApiDependencies } from './environment.ts';

export interface ServeOptions {
  /** Address to listen on. */
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** Certificate chain and private key, as PEM texts; undefined: no TLS. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  /** Instead of the usual ones. */
  readonly limits?: Partial<typeof LIMITS>;
}

export interface RunningApi {
  readonly url: string;
  /** Lets requests under way come to their end, within the grace. */
  readonly close: () => Promise<void>;
}

const LIMITS = {
  /** A client that sends its request drop by drop is cut off. */
  headersTimeout: 10_000,
  requestTimeout: 20_000,
  connectionsCheckingInterval: 1_000,
  keepAliveTimeout: 5_000,
  maxHeaderSize: 16 * 1_024,
};
const MOST_CONNECTIONS = 1_000;
/** Longer than a connection test takes, which says nothing meanwhile. */
const IDLE_MS = 780_000;
const GRACE_MS = 5_000;

/** @throws CommandError `usage` where port or address cannot be listened on, or the certificate is none */
export async function serveApi(
  dependencies: Omit<ApiDependencies, 'tls'>,
  { host, port, tls, limits }: ServeOptions,
): Promise<RunningApi> {
  const { fetch } = createApi({ ...dependencies, tls: tls !== undefined });
  const server = listener(fetch, tls, { ...LIMITS, ...limits });
  server.maxConnections = MOST_CONNECTIONS;
  server.setTimeout(IDLE_MS);
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError(EXIT.usage, `${host}:${port} cannot be listened on (${code ?? 'unknown'}).`);
  }
  const { address, port: taken, family } = server.address() as AddressInfo;
  const shown = family === 'IPv6' ? `[${address}]` : address;
  return {
    url: `${tls ? 'https' : 'http'}://${shown}:${taken}`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      const hurry = setTimeout(() => server.closeAllConnections(), GRACE_MS);
      await closed;
      clearTimeout(hurry);
    },
  };
}

function listener(
  fetch: (request: Request) => Response | Promise<Response>,
  tls: ServeOptions['tls'],
  limits: typeof LIMITS,
): Server {
  try {
    return createAdaptorServer({
      fetch,
      overrideGlobalObjects: false,
      ...(tls
        ? { createServer: createHttpsServer, serverOptions: { ...limits, ...tls } }
        : { createServer: createHttpServer, serverOptions: limits }),
    }) as Server;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(EXIT.usage, `The certificate and key cannot be used: ${reason}.`);
  }
}
