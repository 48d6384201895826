/** Which messages reached whom, so that what is tried again does not reach anybody twice. */
import type { Kysely } from 'kysely';
import type { LedgerSchema } from './schema.ts';

export class Deliveries {
  readonly #db: Kysely<LedgerSchema>;

  constructor(db: Kysely<LedgerSchema>) {
    this.#db = db;
  }

  /** The targets that a message has reached. */
  async reached(key: string): Promise<Set<string>> {
    const rows = await this.#db.selectFrom('deliveries').select('target').where('key', '=', key).execute();
    return new Set(rows.map(({ target }) => target));
  }

  async record(key: string, target: string): Promise<void> {
    await this.#db
      .insertInto('deliveries')
      .values({ key, target })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}
