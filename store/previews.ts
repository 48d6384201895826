/** Previews of a connection test: sealed on their way from the worker to the command line, deleted once read. */
import { type Kysely, sql } from 'kysely';
import type { Keyring } from './keyring.ts';
import type { LedgerSchema } from './schema.ts';

/** What previews are sealed for. */
export const PREVIEW_PURPOSE = 'preview';

export class Previews {
  readonly #db: Kysely<LedgerSchema>;
  readonly #keyring: Keyring;

  constructor(db: Kysely<LedgerSchema>, keyring: Keyring) {
    this.#db = db;
    this.#keyring = keyring;
  }

  /** Stores a preview under an id; storing it again replaces it. */
  async put(id: string, content: unknown): Promise<void> {
    const sealed = this.#keyring.seal(Buffer.from(JSON.stringify(content)), PREVIEW_PURPOSE);
    await this.#db
      .insertInto('previews')
      .values({ id, content: sealed })
      .onConflict((conflict) => conflict.column('id').doUpdateSet({ content: sealed }))
      .execute();
  }

  /** Reads a preview and deletes it. @returns undefined where it is gone */
  async take(id: string): Promise<unknown> {
    const row = await this.#db
      .deleteFrom('previews')
      .where('id', '=', id)
      .returning('content')
      .executeTakeFirst();
    return row && (JSON.parse(this.#keyring.open(row.content, PREVIEW_PURPOSE).toString()) as unknown);
  }

  /** Deletes previews that nobody came for. */
  async sweep(olderThanMs: number): Promise<void> {
    await this.#db
      .deleteFrom('previews')
      .where('created_at', '<', sql<Date>`now() - ${olderThanMs} * interval '1 millisecond'`)
      .execute();
  }
}
