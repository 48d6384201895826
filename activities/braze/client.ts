/** The HTTP client for Braze: keep-alive connections, and a guard that is asked as each request is written. */
import { Pool } from 'undici';
import { CdiError } from '../../model/errors.ts';
import type { AddressGuard } from '../../outbound/address-guard.ts';
import { guardedConnect, isForbiddenAddress } from '../../outbound/guarded-connect.ts';
import type { Endpoint } from './endpoints.ts';

export interface BrazeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Thrown when a request got no answer. */
export class NoAnswerError extends Error {
  /** Whether Braze may have received it. */
  readonly written: boolean;

  constructor(written: boolean, cause: unknown) {
    super(written ? 'Braze did not answer a request.' : 'Braze could not be reached.', { cause });
    this.name = 'NoAnswerError';
    this.written = written;
  }
}

/** Thrown when the guard did not let a request out. */
export class NotWrittenError extends Error {
  constructor() {
    super('The request was held back.');
    this.name = 'NotWrittenError';
  }
}

export interface BrazeClient {
  /**
   * Sends one request.
   *
   * @param mayWrite asked at the moment the request would be written to the connection
   * @param wroteLate called where it may be written no more by the time it is: this process stood still in between
   * @throws NoAnswerError, NotWrittenError; CdiError `endpoint_forbidden`
   */
  send(
    endpoint: Endpoint,
    body: Uint8Array,
    mayWrite: () => boolean,
    wroteLate?: () => void,
  ): Promise<BrazeAnswer>;
  /** Gives up on every request in flight. */
  destroy(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 10_000;
/** A timeout makes an answer uncertain, so it is generous: Braze answers within seconds or not at all. */
const ANSWER_TIMEOUT_MS = 60_000;

export interface BrazeClientOptions {
  readonly endpoint: string;
  readonly apiKey: string;
  readonly connections: number;
}

/** @param guard decides where the endpoint may lead */
export function createBrazeClient(options: BrazeClientOptions, guard: AddressGuard): BrazeClient {
  const { origin, pathname } = new URL(options.endpoint);
  const base = pathname.replace(/\/$/, '');
  const pool = new Pool(origin, {
    connections: options.connections,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: 30_000,
    headersTimeout: ANSWER_TIMEOUT_MS,
    bodyTimeout: ANSWER_TIMEOUT_MS,
    connect: guardedConnect(guard, { timeout: CONNECT_TIMEOUT_MS }),
  });
  const headers = {
    authorization: `Bearer ${options.apiKey}`,
    'content-type': 'application/json',
    'x-braze-bulk': 'true',
  };

  return {
    send: (endpoint, body, mayWrite, wroteLate) =>
      new Promise((resolve, reject) => {
        let written = false;
        let status = 0;
        let answerHeaders: BrazeAnswer['headers'] = {};
        const chunks: Buffer[] = [];
        pool.dispatch(
          { path: base + endpoint.path, method: endpoint.method, headers, body },
          {
            onRequestStart(controller) {
              if (mayWrite()) written = true;
              else controller.abort(new NotWrittenError());
            },
            onBodySent() {
              if (!mayWrite()) wroteLate?.();
            },
            onResponseStart(_controller, statusCode, received) {
              status = statusCode;
              answerHeaders = received;
            },
            onResponseData(_controller, chunk) {
              chunks.push(chunk);
            },
            onResponseEnd() {
              resolve({ status, headers: answerHeaders, body: Buffer.concat(chunks).toString() });
            },
            onResponseError(_controller, error) {
              if (error instanceof NotWrittenError) reject(error);
              else
                reject(isForbiddenAddress(error) ? endpointForbidden() : new NoAnswerError(written, error));
            },
          },
        );
      }),
    destroy: () => pool.destroy(),
  };
}

const endpointForbidden = (): CdiError =>
  new CdiError(
    'endpoint_forbidden',
    'The endpoint leads to an address that is not public, and not in CDI_ALLOWED_ADDRESSES.',
  );
