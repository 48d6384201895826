/** A real HTTP server that keeps what is posted to it, and answers as it is told. */
import { once } from 'node:events';
import { type IncomingHttpHeaders, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Posted {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface HttpSink extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly posted: Posted[];
  /** Statuses of the next answers; afterwards it answers 200. */
  readonly next: number[];
}

export async function startHttpSink(): Promise<HttpSink> {
  const posted: Posted[] = [];
  const next: number[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      posted.push({ path: request.url ?? '', headers: request.headers, body });
      const status = next.shift() ?? 200;
      response.writeHead(status, status >= 300 && status < 400 ? { location: '/elsewhere' } : {}).end('ok');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    port,
    posted,
    next,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
