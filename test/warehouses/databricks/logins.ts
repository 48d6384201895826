/** Who may log in: by a personal access token, or by a token that a service principal gets for its secret. */
import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Refusal {
  readonly status: number;
  readonly reason: string;
  /** Seconds. */
  readonly retryAfter?: number;
}

export interface TokenAnswer {
  readonly status: number;
  readonly body: object;
}

/** Real ones live for an hour; these run out while a test looks on. */
const TOKEN_LIFE_MS = 3_000;

const secret = (prefix: string): string => `${prefix}${randomBytes(16).toString('hex')}`;

export class Logins {
  readonly clientId = randomUUID();
  readonly clientSecret = secret('dose');
  /** Of a user who may use the SQL warehouse, and of one who may not. */
  readonly token = secret('dapi');
  readonly strangersToken = secret('dapi');
  readonly #tokens = new Set([this.token]);
  /** When the tokens of the service principal run out. */
  readonly #issued = new Map<string, number>();

  /** Answers a request for a token. Source: RFC 6749, sections 4.4 and 5.2. */
  issue(authorization: string | undefined, form: URLSearchParams): TokenAnswer {
    const expected = `Basic ${Buffer.from(`${this.clientId}:${this.clientSecret}`).toString('base64')}`;
    if (authorization !== expected) return { status: 401, body: { error: 'invalid_client' } };
    if (form.get('grant_type') !== 'client_credentials')
      return { status: 400, body: { error: 'unsupported_grant_type' } };
    if (form.get('scope') !== 'all-apis') return { status: 400, body: { error: 'invalid_scope' } };
    const token = secret('eyJ');
    this.#issued.set(token, Date.now() + TOKEN_LIFE_MS);
    const body = { access_token: token, token_type: 'Bearer', scope: 'all-apis' };
    return { status: 200, body: { ...body, expires_in: TOKEN_LIFE_MS / 1_000 } };
  }

  /** @returns undefined for one who may use the SQL warehouse */
  check(authorization: string | undefined): Refusal | undefined {
    const token = /^Bearer (.+)$/.exec(authorization ?? '')?.[1] ?? '';
    if (token === this.strangersToken)
      return { status: 403, reason: 'PERMISSION_DENIED: No permission to use the warehouse.' };
    if (this.#tokens.has(token)) return undefined;
    const end = this.#issued.get(token);
    if (end === undefined) return { status: 403, reason: 'Invalid access token.' };
    return Date.now() < end ? undefined : { status: 401, reason: 'Token is expired.' };
  }

  /** Another personal access token. */
  addToken(): string {
    const token = secret('dapi');
    this.#tokens.add(token);
    return token;
  }

  revoke(token: string): void {
    this.#tokens.delete(token);
  }

  /** Returns once every token that the service principal has got is refused. */
  async untilExpired(): Promise<void> {
    await sleep(Math.max(0, ...[...this.#issued.values()].map((end) => end - Date.now())) + 1);
  }
}
