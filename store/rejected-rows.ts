/** Rejected rows: kept 30 days, sealed, exportable. */
import { type Kysely, type Transaction, sql } from 'kysely';
import type { SourceRow } from '../model/row.ts';
import type { Keyring } from './keyring.ts';
import type { LedgerSchema } from './schema.ts';

/** What rejected rows are sealed for. */
export const PURPOSE = 'rejected row';

export interface NewRejectedRow {
  readonly row: SourceRow;
  readonly code: string;
  readonly reason: string;
  readonly origin: 'validation' | 'braze';
}

export interface RejectedRow extends NewRejectedRow {
  readonly id: number;
  readonly run: string;
  readonly rejectedAt: Date;
  /** The run that sent it again, or `WITHDRAWN`; null: a retry may still send it. */
  readonly settledBy: string | null;
}

/** Settles rejected rows that the next runs read again anyway. */
export const WITHDRAWN = 'rewind';

/** Rejected rows that a retry may send. */
export interface RowsOnOffer {
  readonly rows: number;
  /** Those of them that carry DELETED. */
  readonly deleted: number;
}

/** How many rows of a run were rejected for one reason. */
export interface RejectionCount {
  readonly code: string;
  readonly reason: string;
  readonly count: number;
}

export class RejectedRows {
  readonly #db: Kysely<LedgerSchema>;
  readonly #keyring: Keyring;

  constructor(db: Kysely<LedgerSchema>, keyring: Keyring) {
    this.#db = db;
    this.#keyring = keyring;
  }

  /** Counts of all rejected rows of a sync that are kept, by reason, most frequent first. @param run only those of one run */
  async reasons(sync: string, run?: string): Promise<RejectionCount[]> {
    return this.#db
      .selectFrom('rejected_rows')
      .select(['code', sql<string>`min(reason)`.as('reason'), sql<number>`count(*)::int`.as('count')])
      .where('sync', '=', sync)
      .$if(run !== undefined, (query) => query.where('run', '=', run ?? ''))
      .groupBy('code')
      .orderBy('count', 'desc')
      .orderBy('code')
      .execute();
  }

  /** Counts by reason, most frequent first. */
  async countsByReason(run: string): Promise<RejectionCount[]> {
    return this.#db
      .selectFrom('rejected_rows')
      .select(['code', sql<string>`min(reason)`.as('reason'), sql<number>`count(*)::int`.as('count')])
      .where('run', '=', run)
      .groupBy('code')
      .orderBy('count', 'desc')
      .orderBy('code')
      .execute();
  }

  /**
   * Rejected rows of a sync in the order they were rejected.
   *
   * @param options.run only those of one run
   * @param options.code only those of one reason
   * @param options.after only those with a greater id, to read page by page
   */
  async list(
    sync: string,
    options: { run?: string | undefined; code?: string | undefined; after?: number; limit: number },
  ): Promise<RejectedRow[]> {
    const rows = await this.#db
      .selectFrom('rejected_rows')
      .selectAll()
      .where('sync', '=', sync)
      .$if(options.run !== undefined, (query) => query.where('run', '=', options.run ?? ''))
      .$if(options.code !== undefined, (query) => query.where('code', '=', options.code ?? ''))
      .where('id', '>', options.after ?? 0)
      .orderBy('id')
      .limit(options.limit)
      .execute();
    return rows.map((row) => ({
      id: row.id,
      run: row.run,
      row: JSON.parse(this.#keyring.open(row.content, PURPOSE).toString()) as SourceRow,
      code: row.code,
      reason: row.reason,
      origin: row.origin,
      rejectedAt: row.rejected_at,
      settledBy: row.settled_by,
    }));
  }

  /** Counts what a retry may send. @param run only rows of this run */
  async onOffer(sync: string, run: string | undefined): Promise<RowsOnOffer> {
    return this.#db
      .selectFrom('rejected_rows')
      .select([
        sql<number>`count(*)::int`.as('rows'),
        sql<number>`(count(*) filter (where deleted))::int`.as('deleted'),
      ])
      .where('sync', '=', sync)
      .where('settled_by', 'is', null)
      .$if(run !== undefined, (query) => query.where('run', '=', run ?? ''))
      .executeTakeFirstOrThrow();
  }

  /** Deletes what is older than its retention. @returns how many rows went */
  async sweep(olderThan: Date): Promise<number> {
    const result = await this.#db
      .deleteFrom('rejected_rows')
      .where('rejected_at', '<', olderThan)
      .executeTakeFirst();
    return Number(result.numDeletedRows);
  }
}

const INSERT_CHUNK = 1_000;

export async function insertRejectedRows(
  tx: Transaction<LedgerSchema>,
  keyring: Keyring,
  sync: string,
  run: string,
  rows: readonly NewRejectedRow[],
): Promise<void> {
  for (let start = 0; start < rows.length; start += INSERT_CHUNK) {
    await tx
      .insertInto('rejected_rows')
      .values(
        rows.slice(start, start + INSERT_CHUNK).map((rejected) => ({
          run,
          sync,
          code: rejected.code,
          reason: rejected.reason,
          origin: rejected.origin,
          updated_at_text: rejected.row.updatedAt,
          deleted: rejected.row.deleted === true,
          content: keyring.seal(Buffer.from(JSON.stringify(rejected.row)), PURPOSE),
        })),
      )
      .execute();
  }
}

/**
 * Takes rejected rows off the offer, because the next runs read them again.
 *
 * @param from UPDATED_AT from which the table is read again; null: from the beginning
 */
export async function withdrawRejectedRows(
  tx: Transaction<LedgerSchema>,
  sync: string,
  from: string | null,
): Promise<void> {
  await tx
    .updateTable('rejected_rows')
    .set({ settled_by: WITHDRAWN, retry_epoch: null, retry_segment: null, retry_digest: null })
    .where('sync', '=', sync)
    .where('settled_by', 'is', null)
    .$if(from !== null, (query) => query.where('updated_at_text', '>=', from ?? ''))
    .execute();
}
