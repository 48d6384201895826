/**
 * Stands before the emulator and does what it lacks: logins, jobs that run and can be cancelled, pages of a limited size,
 * refusals. Whatever it does not know it refuses, and remembers.
 */
import { once } from 'node:events';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { LOCALHOST } from '../../../client/embedded/claim-port.ts';
import type { Emulator } from './emulator.ts';
import { GoogleError } from './google-error.ts';
import { type JobRequest, parseJob } from './job-request.ts';
import { type Job, Jobs, LOCATION } from './jobs.ts';
import type { TokenCheck } from './service-account.ts';

/** How long the answer is held back while a job runs. Source: timeoutMs of jobs.getQueryResults */
const HOLD_MS = 10_000;
const MOST_ROWS = 100_000;
const MOST_PAGE_BYTES = 20 << 20;

export interface Request {
  readonly method: string;
  /** Below the project. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

interface Reply {
  readonly status: number;
  /** JSON. */
  readonly text: string;
}

export interface Front extends AsyncDisposable {
  /** On 127.0.0.1. */
  readonly port: number;
  readonly jobs: Jobs;
  /** Every query that was taken, planned ones included. */
  readonly seen: readonly JobRequest[];
  /** What was asked and is not known, or would be refused by BigQuery itself. */
  readonly refused: readonly string[];
  /** E-mail addresses of accounts that may not run jobs. */
  readonly idle: Set<string>;
  /** How large a page may be. */
  mostPageBytes: number;
  /** Says of each request whether it is to be refused. */
  fault: ((request: Request) => GoogleError | undefined) | undefined;
}

export interface FrontOptions {
  readonly emulator: Emulator;
  readonly tokens: TokenCheck;
  readonly tls?: { readonly key: string; readonly cert: string };
}

export async function startFront({ emulator, tokens, tls }: FrontOptions): Promise<Front> {
  const jobs = new Jobs(emulator);
  const refused: string[] = [];
  const seen: JobRequest[] = [];
  const idle = new Set<string>();
  const { project } = emulator;

  const answer = async (incoming: IncomingMessage): Promise<Reply> => {
    const caller = await tokens.caller(incoming.headers.authorization);
    const request = await requestOf(incoming);
    const fault = front.fault?.(request);
    if (fault) throw fault;
    const { method, path, query, body } = request;
    const [, named, rest = ''] = /^\/bigquery\/v2\/projects\/([^/]+)(\/.*)$/.exec(path) ?? [];
    if (named !== undefined && named !== project)
      throw new GoogleError('notFound', `Not found: Project ${named}`);
    const [, kind, id = '', verb] = /^\/(jobs|queries)(?:\/([\w-]+)(\/cancel)?)?$/.exec(rest) ?? [];
    const route = `${method} ${kind}${id && ' id'}${verb ?? ''}`;
    switch (route) {
      case 'POST jobs':
        requireKnown(query, []);
        if (idle.has(caller))
          throw new GoogleError(
            'accessDenied',
            `Access Denied: Project ${project}: User does not have bigquery.jobs.create permission in project ${project}.`,
          );
        return insert(body);
      case 'GET jobs id':
        requireKnown(query, ['location']);
        return reply(resourceOf(project, jobs.find(id, query.get('location'))));
      case 'POST jobs id/cancel': {
        requireKnown(query, ['location']);
        const job = jobs.find(id, query.get('location'));
        job.stop('User requested cancellation');
        return reply({ kind: 'bigquery#jobCancelResponse', job: resourceOf(project, job) });
      }
      case 'GET queries id':
        return results(jobs.find(id, query.get('location')), query);
      default:
        throw new GoogleError('notImplemented', `The stand-in does not know ${method} ${path}.`);
    }
  };

  const insert = async (body: unknown): Promise<Reply> => {
    const request = parseJob(body);
    const { projectId, jobId } = request.jobReference;
    if (projectId !== project) throw new GoogleError('notFound', `Not found: Project ${projectId}`);
    if (request.configuration.dryRun) {
      const plan = await jobs.plan(request);
      seen.push(request);
      return ofEmulator(plan);
    }
    if (jobId === undefined) throw new GoogleError('notImplemented', 'The stand-in makes no ids of jobs.');
    const job = jobs.start(jobId, request);
    seen.push(request);
    return reply(resourceOf(project, job));
  };

  const results = async (job: Job, query: URLSearchParams): Promise<Reply> => {
    requireKnown(query, ['location', 'maxResults', 'pageToken', 'formatOptions.useInt64Timestamp']);
    await held(job.ended);
    if (job.endedAt === undefined)
      return reply({ jobReference: resourceOf(project, job).jobReference, jobComplete: false });
    if (job.failure) throw job.failure;
    const rows = Math.min(Number(query.get('maxResults') ?? MOST_ROWS), MOST_ROWS);
    const start = Number(query.get('pageToken') ?? 0);
    return ofEmulator(await jobs.page(job, rows, start, front.mostPageBytes));
  };

  const listener: Server = tls ? createTlsServer(tls) : createServer();
  listener.on('request', (incoming: IncomingMessage, response: ServerResponse) => {
    answer(incoming)
      .catch((error: unknown): Reply => {
        const failure = error instanceof GoogleError ? error : new GoogleError('backendError', String(error));
        if (/^The stand-in|^Invalid JSON/.test(failure.message) || !(error instanceof GoogleError))
          refused.push(failure.message);
        return { status: failure.status, text: JSON.stringify(failure.body) };
      })
      .then(({ status, text }) => {
        response.writeHead(status, { 'content-type': 'application/json; charset=UTF-8' });
        response.end(text);
      })
      .catch(() => response.destroy());
  });
  listener.listen(0, LOCALHOST);
  await once(listener, 'listening');

  const front: Front = {
    port: (listener.address() as AddressInfo).port,
    jobs,
    seen,
    refused,
    idle,
    mostPageBytes: MOST_PAGE_BYTES,
    fault: undefined,
    [Symbol.asyncDispose]: async () => {
      for (const job of jobs.all) job.stop('the stand-in ends');
      const closed = once(listener, 'close');
      listener.close();
      listener.closeAllConnections();
      await closed;
    },
  };
  return front;
}

async function requestOf(incoming: IncomingMessage): Promise<Request> {
  const { pathname, searchParams } = new URL(incoming.url ?? '', 'http://stand-in');
  const body: unknown = incoming.headers['content-type'] === undefined ? undefined : await json(incoming);
  return { method: incoming.method ?? '', path: pathname, query: searchParams, body };
}

/** @throws GoogleError 400, as the API refuses a parameter that it does not know */
function requireKnown(query: URLSearchParams, names: readonly string[]): void {
  const known = ['prettyPrint', ...names];
  const unknown = [...query.keys()].find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new GoogleError('badRequest', `Invalid JSON payload received. Unknown name "${unknown}".`);
}

const reply = (body: object): Reply => ({ status: 200, text: JSON.stringify(body) });

function ofEmulator({ status, text }: Reply): Reply {
  if (status === 404) throw new GoogleError('notFound', 'Not found: the result is not kept any more.');
  if (status !== 200) throw new GoogleError('backendError', `The stand-in cannot read ${text}`);
  return { status, text };
}

/** Waits for a job as long as the API does. */
async function held(ended: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), HOLD_MS);
  await Promise.race([ended, promise]);
  clearTimeout(timer);
}

function resourceOf(project: string, job: Job) {
  const { id, request, createdAt, endedAt, failure } = job;
  return {
    kind: 'bigquery#job',
    id: `${project}:${LOCATION}.${id}`,
    jobReference: { projectId: project, jobId: id, location: LOCATION },
    configuration: request.configuration,
    statistics: {
      creationTime: String(createdAt),
      ...(endedAt === undefined ? {} : { endTime: String(endedAt) }),
    },
    status: {
      state: endedAt === undefined ? 'RUNNING' : 'DONE',
      ...(failure ? { errorResult: failure.proto, errors: [failure.proto] } : {}),
    },
  };
}
