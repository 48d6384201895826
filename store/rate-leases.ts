/** Leases of rate limits: which process may send how much of a limit. Times are the database's own. */
import { type Kysely, sql } from 'kysely';
import { type RateGrant, type RateHolder, grantOf } from '../model/rate-grant.ts';
import type { LedgerSchema } from './schema.ts';

export interface RateRequest {
  /** Workspace and endpoint family. */
  readonly budget: string;
  /** Names the process. */
  readonly holder: string;
  /** Requests per window that Braze allows. */
  readonly limit: number;
  readonly windowMs: number;
  /** Requests per window that the process has use for. */
  readonly wanted: number;
  readonly ttlMs: number;
}

export class RateLeases {
  readonly #db: Kysely<LedgerSchema>;

  constructor(db: Kysely<LedgerSchema>) {
    this.#db = db;
  }

  /**
   * Takes or prolongs the lease of a process. Processes are served one after the other, so that what they hold together
   * is never more than the limit.
   */
  async renew({ budget, holder, limit, windowMs, wanted, ttlMs }: RateRequest): Promise<RateGrant> {
    return this.#db.transaction().execute(async (transaction) => {
      await sql`select pg_advisory_xact_lock(hashtextextended(${`rate ${budget}`}, 0))`.execute(transaction);
      const { rows } = await sql<RateHolder>`
        select permits, wanted, expires_at > clock_timestamp() as "isLive" from rate_leases
        where budget = ${budget} and holder <> ${holder}
          and expires_at > clock_timestamp() - ${windowMs} * interval '1 millisecond'`.execute(transaction);
      const grant = grantOf(limit, wanted, rows);
      await sql`
        insert into rate_leases (budget, holder, permits, wanted, expires_at)
        values (${budget}, ${holder}, ${grant.permits}, ${wanted},
          clock_timestamp() + ${ttlMs} * interval '1 millisecond')
        on conflict (budget, holder) do update set
          permits = excluded.permits, wanted = excluded.wanted, expires_at = excluded.expires_at`.execute(
        transaction,
      );
      await sql`
        delete from rate_leases
        where budget = ${budget} and expires_at < clock_timestamp() - ${windowMs} * interval '1 millisecond'`.execute(
        transaction,
      );
      return grant;
    });
  }

  /** Ends the lease of a process. That it held one stays on record for a window: what it sent still counts. */
  async release(budget: string, holder: string): Promise<void> {
    await sql`
      update rate_leases set expires_at = least(expires_at, clock_timestamp())
      where budget = ${budget} and holder = ${holder}`.execute(this.#db);
  }
}
