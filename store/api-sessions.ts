/** Sessions of the status page. The cookie's value is kept as a hash; a session ends with its key. */
import { randomBytes } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { type ApiKey, hashOf, toApiKey } from './api-keys.ts';
import type { LedgerSchema } from './schema.ts';

const TOKEN_BYTES = 32;

export class ApiSessions {
  readonly #db: Kysely<LedgerSchema>;

  constructor(db: Kysely<LedgerSchema>) {
    this.#db = db;
  }

  /**
   * Opens a session under a token of its own making; what has expired is swept on the way.
   *
   * @param keyId the key that was presented
   * @returns the token, for the cookie
   */
  async open(keyId: string, lifetimeMs: number): Promise<string> {
    await this.#db
      .deleteFrom('api_sessions')
      .where('expires_at', '<', sql<Date>`now()`)
      .execute();
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    await this.#db
      .insertInto('api_sessions')
      .values({
        hash: hashOf(token),
        key_id: keyId,
        expires_at: sql<Date>`now() + ${lifetimeMs} * interval '1 millisecond'`,
      })
      .execute();
    return token;
  }

  /** @returns the key of a session that is open; undefined where it has expired, or its key is revoked */
  async keyOf(token: string): Promise<ApiKey | undefined> {
    const row = await this.#db
      .selectFrom('api_sessions')
      .innerJoin('api_keys', 'api_keys.id', 'api_sessions.key_id')
      .selectAll('api_keys')
      .where('api_sessions.hash', '=', hashOf(token))
      .where('api_sessions.expires_at', '>', sql<Date>`now()`)
      .where('api_keys.revoked_at', 'is', null)
      .executeTakeFirst();
    return row && toApiKey(row);
  }

  async close(token: string): Promise<void> {
    await this.#db.deleteFrom('api_sessions').where('hash', '=', hashOf(token)).execute();
  }
}
