/** An API of an installation, served by this process, and somebody who calls it. */
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { serveApi, type ServeOptions } from '../../api/serve-api.ts';
import type { Session } from '../../client/session.ts';
import type { ApiPermission } from '../../model/api-permissions.ts';

export interface ServedApi extends AsyncDisposable {
  readonly url: string;
  /** Every line it has logged. */
  readonly log: () => string;
  /** Makes a key, and a caller that presents it. */
  client(name: string, permissions: readonly ApiPermission[]): Promise<ApiClient>;
}

export interface ApiClient {
  readonly key: string;
  get(path: string): Promise<Response>;
  /** @param body sent as JSON; a text goes as it is */
  post(path: string, body?: unknown): Promise<Response>;
}

export async function serveApiOf(
  session: Session,
  options: Partial<Pick<ServeOptions, 'limits'>> & { readonly publicUrl?: URL } = {},
): Promise<ServedApi> {
  let logged = '';
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      logged += chunk.toString();
      done();
    },
  });
  const log = pino({ level: 'debug' }, stream);
  const { publicUrl, ...serving } = options;
  const api = await serveApi(
    { session, log, publicUrl },
    { host: '127.0.0.1', port: 0, tls: undefined, ...serving },
  );
  return {
    url: api.url,
    log: () => logged,
    client: async (name, permissions) => {
      const key = await session.ledger.apiKeys.add(name, permissions);
      if (key === undefined) throw new Error(`There is a key ${name} already.`);
      return apiClient(api.url, key);
    },
    [Symbol.asyncDispose]: () => api.close(),
  };
}

export function apiClient(url: string, key: string): ApiClient {
  const authorization = `Bearer ${key}`;
  return {
    key,
    get: (path) => fetch(`${url}${path}`, { headers: { authorization } }),
    post: (path, body) =>
      fetch(`${url}${path}`, {
        method: 'POST',
        headers: { authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
  };
}
