/** Watermarks and epochs: up to where a sync is delivered, and who may move that. */
import { type Kysely, sql } from 'kysely';
import { CdiError } from '../model/errors.ts';
import { type EpochHolder, requireEpoch } from './epoch.ts';
import { commitSegment } from './commit-segment.ts';
import { settleDeadRetries } from './retries.ts';
import type { LedgerSchema } from './schema.ts';
import { inheritReservations } from './uploads.ts';

export interface Watermark {
  /** Exact UPDATED_AT text; null: nothing is delivered yet and everything is to be read. */
  readonly value: string | null;
  /** Digests of the rows handled at that instant, 16 bytes each. */
  readonly digests: Buffer;
  /** The commit that set it. */
  readonly epoch: number;
  readonly segment: number;
}

export interface EpochStart {
  readonly epoch: number;
  /** Undefined where the sync has no watermark yet. */
  readonly watermark: Watermark | undefined;
  /** Runs of this sync that were found open though they can no longer be alive. */
  readonly closedRuns: readonly string[];
}

export class Watermarks {
  readonly #db: Kysely<LedgerSchema>;

  constructor(db: Kysely<LedgerSchema>) {
    this.#db = db;
  }

  /**
   * Gives the sync a new epoch, owned by this Temporal run; a retry by the same Temporal run keeps its epoch.
   * From here on nothing of an older epoch may confirm or commit.
   *
   * @throws CdiError `definition_missing`; `superseded` where the record of the run is closed: it may have been terminated long ago
   *   while its worker was frozen, and must not take the epoch from a run that lives
   */
  async begin(sync: string, run: string, workflowRunId: string): Promise<EpochStart> {
    return this.#db.transaction().execute(async (tx) => {
      const row = await tx
        .selectFrom('syncs')
        .select([
          'epoch',
          'epoch_owner',
          sql<boolean>`exists (select from runs where id = ${run} and finished_at is null)`.as('is_open'),
        ])
        .where('name', '=', sync)
        .forUpdate()
        .executeTakeFirst();
      if (!row) throw new CdiError('definition_missing', `The sync ${sync} is not in the ledger.`);
      const isNew = row.epoch_owner !== workflowRunId;
      if (isNew && !row.is_open) throw new CdiError('superseded', `The run of ${sync} is closed.`);
      const epoch = isNew ? row.epoch + 1 : row.epoch;
      if (isNew)
        await tx
          .updateTable('syncs')
          .set({ epoch, epoch_owner: workflowRunId, opened_segment: 0, opened_attempt: 0 })
          .where('name', '=', sync)
          .execute();
      const closed = await tx
        .updateTable('runs')
        .set({
          status: 'cancelled',
          error_type: 'ended_outside',
          error_message: 'The run was terminated or reset from the Temporal side.',
          finished_at: sql`now()`,
        })
        .where('sync', '=', sync)
        .where('id', '!=', run)
        .where('status', 'in', ['running', 'held'])
        .returning('id')
        .execute();
      await inheritReservations(tx, { sync, epoch, workflowRunId }, run);
      await settleDeadRetries(tx, sync, epoch);
      const watermark = await tx
        .selectFrom('watermarks')
        .select(['value', 'digests', 'epoch', 'segment'])
        .where('sync', '=', sync)
        .executeTakeFirst();
      await tx
        .updateTable('runs')
        .set({ watermark_before: sql`coalesce(watermark_before, ${watermark?.value ?? null})` })
        .where('id', '=', run)
        .execute();
      return { epoch, watermark, closedRuns: closed.map(({ id }) => id) };
    });
  }

  /** Sets where a sync begins, unless it has a watermark already. @param run which begins there */
  async initialise(holder: EpochHolder, value: string | null, run: string): Promise<void> {
    await this.#db.transaction().execute(async (tx) => {
      await requireEpoch(tx, holder);
      await tx
        .insertInto('watermarks')
        .values({ sync: holder.sync, value, digests: Buffer.alloc(0), epoch: holder.epoch, segment: 0 })
        .onConflict((conflict) => conflict.column('sync').doNothing())
        .execute();
      await tx.updateTable('runs').set({ watermark_before: value }).where('id', '=', run).execute();
    });
  }

  async get(sync: string): Promise<Watermark | undefined> {
    return this.#db
      .selectFrom('watermarks')
      .select(['value', 'digests', 'epoch', 'segment'])
      .where('sync', '=', sync)
      .executeTakeFirst();
  }

  /** Records what the run found out at its start. */
  async recordBounds(
    run: string,
    bounds: { upper: string; futureRows: number; nullRows: number | undefined },
  ): Promise<void> {
    await this.#db
      .updateTable('runs')
      .set({
        upper_bound: bounds.upper,
        future_rows: bounds.futureRows,
        ...(bounds.nullRows === undefined ? {} : { null_rows: bounds.nullRows }),
      })
      .where('id', '=', run)
      .execute();
    if (bounds.nullRows !== undefined) {
      await sql`update syncs set null_rows_counted_at = now() where name = (select sync from runs where id = ${run})`.execute(
        this.#db,
      );
    }
  }

  /** Whether rows without a timestamp were counted within the last day. */
  async nullRowsCountedToday(sync: string): Promise<boolean> {
    const row = await this.#db
      .selectFrom('syncs')
      .select(sql<boolean>`coalesce(null_rows_counted_at > now() - interval '1 day', false)`.as('counted'))
      .where('name', '=', sync)
      .executeTakeFirst();
    return row?.counted ?? false;
  }

  /**
   * Commits a segment whose upload is complete. Compare-and-set on the epoch; repeating a commit succeeds, however late.
   *
   * @param digestLimit how many digests the sync may keep for what is read in parts
   * @returns the watermark's text; null while a sync has none
   * @throws CdiError `superseded` where another run has taken over, `internal` where the upload is not complete
   */
  async commit(holder: EpochHolder, segment: number, digestLimit: number): Promise<string | null> {
    return this.#db.transaction().execute((tx) => commitSegment(tx, holder, segment, digestLimit));
  }
}
