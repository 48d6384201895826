/** Upload leases: one per sync, owned by one attempt of one activity. Times are the database's own. */
import { type Kysely, sql } from 'kysely';
import type { LedgerSchema } from './schema.ts';

export class Leases {
  readonly #db: Kysely<LedgerSchema>;

  constructor(db: Kysely<LedgerSchema>) {
    this.#db = db;
  }

  /**
   * Takes the lease where it is free, or `owner`'s own.
   *
   * @param ttlMs how long it holds, in milliseconds
   * @returns 0 where `owner` holds it now, else the milliseconds until the present one ends
   */
  async take(sync: string, owner: string, ttlMs: number): Promise<number> {
    const taken = await sql<{ owner: string }>`
      insert into leases (sync, owner, expires_at)
      values (${sync}, ${owner}, clock_timestamp() + ${ttlMs} * interval '1 millisecond')
      on conflict (sync) do update set owner = excluded.owner, expires_at = excluded.expires_at
      where leases.owner = excluded.owner or leases.expires_at <= clock_timestamp()
      returning owner`.execute(this.#db);
    if (taken.rows.length > 0) return 0;
    const left = await sql<{ ms: number }>`
      select greatest(1, extract(epoch from expires_at - clock_timestamp()) * 1000)::float8 as ms
      from leases where sync = ${sync}`.execute(this.#db);
    return Math.ceil(left.rows[0]?.ms ?? 1);
  }

  /**
   * Prolongs the lease that `owner` has, even where it ran out, as long as nobody else had it since. A lease that was
   * given back by another is not taken: what an owner does not know has happened may have happened meanwhile.
   *
   * @returns whether `owner` holds it now
   */
  async renew(sync: string, owner: string, ttlMs: number): Promise<boolean> {
    const renewed = await sql<{ owner: string }>`
      update leases set expires_at = clock_timestamp() + ${ttlMs} * interval '1 millisecond'
      where sync = ${sync} and owner = ${owner} returning owner`.execute(this.#db);
    return renewed.rows.length > 0;
  }

  /** Gives the lease back, where `owner` still has it. */
  async release(sync: string, owner: string): Promise<void> {
    await this.#db.deleteFrom('leases').where('sync', '=', sync).where('owner', '=', owner).execute();
  }
}
