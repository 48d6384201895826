/** Which notifications of a run went out, so that a retried activity does not send them again. */
import type { Kysely } from 'kysely';
import type { LedgerSchema } from './schema.ts';

export class Notifications {
  readonly #db: Kysely<LedgerSchema>;

  constructor(db: Kysely<LedgerSchema>) {
    this.#db = db;
  }

  async wasSent(run: string, kind: string): Promise<boolean> {
    const row = await this.#db
      .selectFrom('notifications')
      .select('run')
      .where('run', '=', run)
      .where('kind', '=', kind)
      .executeTakeFirst();
    return row !== undefined;
  }

  async markSent(run: string, kind: string): Promise<void> {
    await this.#db
      .insertInto('notifications')
      .values({ run, kind })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}
