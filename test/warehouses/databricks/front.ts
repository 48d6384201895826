/** Stands before Spark and is to its clients a workspace of Databricks: TLS, tokens, and one SQL warehouse. */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { LOCALHOST } from '../../../client/embedded/claim-port.ts';
import { makeCertificates } from '../certificates.ts';
import { Logins, type Refusal } from './logins.ts';
import { SqlWarehouse } from './sql-warehouse.ts';
import { Client, type Call, Processor, library } from './thrift-library.ts';
import type { Upstream } from './upstream.ts';

export interface Front extends AsyncDisposable {
  /** On 127.0.0.1; its certificate is for `localhost`. */
  readonly port: number;
  /** PEM. */
  readonly ca: string;
  readonly httpPath: string;
  readonly logins: Logins;
  readonly warehouse: SqlWarehouse;
  /** Paths that were asked for and do not exist. */
  readonly unknownPaths: readonly string[];
}

const THRIFT = 'application/x-thrift';
/** Of `TApplicationExceptionType`. */
const INTERNAL_ERROR = 6;
const CALLS = Object.getOwnPropertyNames(Client.prototype).filter((name): name is Call =>
  /^[A-Z]/.test(name),
);

export async function startFront(upstream: Upstream): Promise<Front> {
  const certificates = makeCertificates();
  const logins = new Logins();
  const warehouse = new SqlWarehouse(upstream);
  const httpPath = '/sql/1.0/warehouses/a1b2c3d4e5f60718';
  const processor = processorOf(warehouse);
  const unknownPaths: string[] = [];

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await buffer(request);
    const { authorization } = request.headers;
    if (request.method === 'POST' && request.url === '/oidc/v1/token') {
      const token = logins.issue(authorization, new URLSearchParams(body.toString()));
      response
        .writeHead(token.status, { 'content-type': 'application/json' })
        .end(JSON.stringify(token.body));
      return;
    }
    if (request.url !== httpPath) unknownPaths.push(request.url ?? '');
    const refusal = logins.check(authorization) ?? refusalOf(request, httpPath, warehouse);
    if (refusal) refuse(response, refusal);
    else response.writeHead(200, { 'content-type': THRIFT }).end(await processor(body));
  };
  const server = createServer({ key: certificates.key, cert: certificates.cert }, (request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, LOCALHOST);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    ca: certificates.ca,
    httpPath,
    logins,
    warehouse,
    unknownPaths,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function refusalOf(
  { method, url, headers }: IncomingMessage,
  httpPath: string,
  warehouse: SqlWarehouse,
): Refusal | undefined {
  if (url !== httpPath) return { status: 404, reason: 'No SQL warehouse has this id.' };
  if (method !== 'POST' || headers['content-type'] !== THRIFT)
    return { status: 400, reason: 'This is not Thrift.' };
  if (warehouse.state === 'unavailable')
    return { status: 503, reason: 'TEMPORARILY_UNAVAILABLE: The warehouse is starting.', retryAfter: 1 };
  return undefined;
}

/** Why, in a header, is how a driver gets to know it. */
function refuse(response: ServerResponse, { status, reason, retryAfter }: Refusal): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'x-databricks-reason-phrase': reason,
    ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
  });
  response.end(JSON.stringify({ error_code: status, message: reason }));
}

/** @returns turns a message of the protocol into the answer to it */
function processorOf(warehouse: SqlWarehouse): (message: Buffer) => Promise<Buffer> {
  type Done = (error: unknown, answer?: object) => void;
  const failure = (error: unknown): Error =>
    new library.Thrift.TApplicationException(
      INTERNAL_ERROR,
      error instanceof Error ? error.message : String(error),
    );
  const handler = Object.fromEntries(
    CALLS.map((call) => [
      call,
      (request: object, done: Done): void => {
        const answer =
          warehouse.answer(call, request) ?? Promise.reject(new Error(`Nothing is known of ${call}.`));
        answer.then(
          (given) => done(null, given),
          (error: unknown) => done(failure(error)),
        );
      },
    ]),
  );
  const processor = new Processor(handler);
  return (message) =>
    new Promise((resolve) => {
      const answer = new library.TBufferedTransport(undefined, resolve);
      library.TBufferedTransport.receiver((question) =>
        processor.process(new library.TBinaryProtocol(question), new library.TBinaryProtocol(answer)),
      )(message);
    });
}
