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

  /** Whom notices have reached, in whatever message, by the id of the notice. */
  async readersOf(notices: readonly number[]): Promise<Map<number, Set<string>>> {
    const readers = new Map(notices.map((notice) => [notice, new Set<string>()]));
    if (notices.length === 0) return readers;
    const byKey = new Map(notices.map((notice) => [noticeKey(notice), notice]));
    const rows = await this.#db
      .selectFrom('deliveries')
      .select(['key', 'target'])
      .where('key', 'in', [...byKey.keys()])
      .execute();
    for (const { key, target } of rows) readers.get(byKey.get(key) ?? 0)?.add(target);
    return readers;
  }

  /** Notes that notices have reached these readers. */
  async recordReaders(notices: readonly number[], readers: readonly string[]): Promise<void> {
    const rows = notices.flatMap((notice) => readers.map((target) => ({ key: noticeKey(notice), target })));
    if (rows.length === 0) return;
    await this.#db
      .insertInto('deliveries')
      .values(rows)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }

  async record(key: string, target: string): Promise<void> {
    await this.#db
      .insertInto('deliveries')
      .values({ key, target })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

const noticeKey = (notice: number): string => `notice-${notice}`;
