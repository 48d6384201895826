import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerControl, isControlPath } from './control-api.ts';
import { Simulator } from './simulator.ts';
import type { Outcome, SimulatorOptions } from './simulator.ts';

export interface BrazeSimulatorOptions extends SimulatorOptions {
  /** Default: any free port. */
  readonly port?: number;
}

export interface RunningBrazeSimulator {
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly url: string;
  /** Ends the server and every connection to it. */
  readonly close: () => Promise<void>;
}

/** Bytes of a request body that are kept; anything near it is refused for its size anyway. */
const MAX_KEPT_BYTES = 64_000_000;
/** Idle connections outlive any pause between two requests, so that a client never meets one that just closes. */
const KEEP_ALIVE_MS = 120_000;
const LINES_PER_CHUNK = 500;

/** Starts a Braze simulator in this process, on the loopback interface. */
export async function startBrazeSimulator(
  options: BrazeSimulatorOptions = {},
): Promise<RunningBrazeSimulator> {
  const simulator = new Simulator(options);
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    serve(simulator, request, response).catch((error: unknown) => fail(response, error));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      await simulator.record.end();
    },
  };
}

async function serve(
  simulator: Simulator,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = 'GET', url = '/', headers } = request;
  const body = await readBody(request);
  const [path = '/', search = ''] = url.split('?', 2);
  if (isControlPath(path)) return serveControl(simulator, method, url, body, response);
  const { authorization, 'content-type': contentType } = headers;
  const connection = request.socket.remotePort ?? 0;
  const outcome = simulator.receive({
    method,
    path,
    query: new URLSearchParams(search),
    authorization,
    contentType,
    connection,
    body,
  });
  return conclude(outcome, request, response);
}

/** Waits as long as the outcome asks for, unless the client goes first, and ends the request. */
async function conclude(outcome: Outcome, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (outcome.delayMs > 0) {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    await sleep(outcome.delayMs, undefined, { signal: gone.signal }).catch(() => undefined);
  }
  const answers = outcome.ending === 'answer' && !response.destroyed;
  // Before the client can know: its next request must not look as if it came too early.
  outcome.end(answers ? outcome.status : 0);
  if (outcome.ending === 'reset') request.socket.resetAndDestroy();
  else if (outcome.ending === 'close') request.socket.destroy();
  else {
    const length = Buffer.byteLength(outcome.body);
    response.writeHead(outcome.status, {
      'Content-Type': 'application/json',
      'Content-Length': length,
      ...outcome.headers,
    });
    response.end(outcome.body);
  }
}

async function serveControl(
  simulator: Simulator,
  method: string,
  url: string,
  body: Buffer,
  response: ServerResponse,
): Promise<void> {
  const answer = answerControl(simulator, { method, url: new URL(url, 'http://localhost'), body });
  if ('json' in answer) {
    response
      .writeHead(answer.status, { 'Content-Type': 'application/json' })
      .end(JSON.stringify(answer.json));
    return;
  }
  response.writeHead(answer.status, { 'Content-Type': 'application/x-ndjson' });
  await pipeline(Readable.from(chunks(answer.lines)), response);
}

function* chunks(values: Iterable<unknown>): Generator<string> {
  let lines: string[] = [];
  for (const value of values) {
    lines.push(JSON.stringify(value));
    if (lines.length < LINES_PER_CHUNK) continue;
    yield `${lines.join('\n')}\n`;
    lines = [];
  }
  if (lines.length > 0) yield `${lines.join('\n')}\n`;
}

function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MAX_KEPT_BYTES) chunks.push(chunk);
    });
    request.once('end', () => {
      const [first = Buffer.alloc(0), ...more] = chunks;
      resolve(more.length === 0 ? first : Buffer.concat(chunks));
    });
    request.once('error', reject);
  });
}

/** A fault of the simulator itself shows as a 500 that says so. A client that went away is none. */
function fail(response: ServerResponse, error: unknown): void {
  if (response.destroyed || response.headersSent) {
    response.destroy();
    return;
  }
  const message = `simulator fault: ${error instanceof Error ? (error.stack ?? error.message) : 'unknown'}`;
  response.writeHead(500, { 'Content-Type': 'application/json' }).end(JSON.stringify({ message }));
}
