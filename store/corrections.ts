/** Corrections that people made to what a sync has delivered: who, when, what. */
import type { Kysely } from 'kysely';
import type { CorrectionTable, LedgerSchema } from './schema.ts';

export interface Correction {
  readonly kind: CorrectionTable['kind'];
  readonly by: string;
  readonly at: Date;
  /** The run that carries it out; null for a rewind. */
  readonly run: string | null;
  readonly details: Readonly<Record<string, unknown>>;
}

export class Corrections {
  readonly #db: Kysely<LedgerSchema>;

  constructor(db: Kysely<LedgerSchema>) {
    this.#db = db;
  }

  /** Notes that a run sends rejected rows again. Repeating it is harmless. */
  async recordRetry(
    sync: string,
    run: string,
    by: string,
    details: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    await this.#db
      .insertInto('corrections')
      .values({ sync, kind: 'retry', made_by: by, run, details: JSON.stringify(details) })
      .onConflict((conflict) => conflict.column('run').doNothing())
      .execute();
  }

  /** Corrections of a sync, newest first. */
  async ofSync(sync: string, limit: number): Promise<Correction[]> {
    const rows = await this.#db
      .selectFrom('corrections')
      .selectAll()
      .where('sync', '=', sync)
      .orderBy('id', 'desc')
      .limit(limit)
      .execute();
    return rows.map((row) => ({
      kind: row.kind,
      by: row.made_by,
      at: row.made_at,
      run: row.run,
      details: row.details,
    }));
  }

  /** Deletes what is older than its retention. */
  async sweep(olderThan: Date): Promise<void> {
    await this.#db.deleteFrom('corrections').where('made_at', '<', olderThan).execute();
  }
}
