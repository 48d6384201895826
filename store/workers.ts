/** The worker processes of the installation, as they tell of themselves. Times are the database's own. */
import { type Kysely, sql } from 'kysely';
import type { LedgerSchema } from './schema.ts';

export interface WorkerRecord {
  readonly id: number;
  readonly host: string;
  readonly pid: number;
  /** Reference of the marker that it wrote into its staging; null while there is no space for it. */
  readonly marker: string | null;
  /** Milliseconds since it was last heard of. */
  readonly silentMs: number;
}

/** Any number: it only has to be the same in all processes. */
const ENTRANCE = 7_001;

export class Workers {
  readonly #db: Kysely<LedgerSchema>;

  constructor(db: Kysely<LedgerSchema>) {
    this.#db = db;
  }

  /**
   * Records a worker that starts. One at a time: whoever has a greater id finds all smaller ones on record.
   *
   * @returns its id
   */
  async enter(worker: { host: string; pid: number; marker: string | null }): Promise<number> {
    return this.#db.transaction().execute(async (transaction) => {
      await sql`select pg_advisory_xact_lock(${ENTRANCE})`.execute(transaction);
      const { id } = await transaction
        .insertInto('workers')
        .values(worker)
        .returning('id')
        .executeTakeFirstOrThrow();
      return id;
    });
  }

  /** Tells that a worker is alive, and has this marker. */
  async seen(id: number, marker: string | null): Promise<void> {
    await sql`update workers set seen_at = clock_timestamp(), marker = ${marker} where id = ${id}`.execute(
      this.#db,
    );
  }

  /** Workers that started before this one, in the order of their start, dead ones among them. */
  async before(id: number): Promise<WorkerRecord[]> {
    const { rows } = await sql<WorkerRecord>`
      select id, host, pid, marker,
        (extract(epoch from clock_timestamp() - seen_at) * 1000)::float8 as "silentMs"
      from workers where id < ${id} order by id`.execute(this.#db);
    return rows;
  }

  /** Whether a worker of this host was heard of within this time. */
  async isAlive(host: string, withinMs: number): Promise<boolean> {
    const { rows } = await sql`
      select 1 from workers
      where host = ${host} and seen_at > clock_timestamp() - ${withinMs} * interval '1 millisecond'`.execute(
      this.#db,
    );
    return rows.length > 0;
  }

  /** Strikes a worker that ended. */
  async leave(id: number): Promise<void> {
    await this.#db.deleteFrom('workers').where('id', '=', id).execute();
  }
}
