import { randomBytes } from 'node:crypto';
import { pino } from 'pino';
import { Session } from '../client/session.ts';
import { createApi } from './app.ts';
import { openApiDocument } from './openapi-document.ts';

/** The OpenAPI document as a file, made without anything that the API needs in order to work. */
export function checkedInDocument(): string {
  const session = new Session({
    // Opened only when asked for, and nothing is.
    ledgerUrl: 'postgresql://127.0.0.1/none',
    keys: randomBytes(32).toString('base64'),
    connectionOptions: {},
    namespace: 'default',
  });
  const app = createApi({ session, log: pino({ enabled: false }), publicUrl: undefined, tls: false });
  return `${JSON.stringify(openApiDocument(app), undefined, 2)}\n`;
}
