/** Runs: what each execution of a sync did. */
import { type Kysely, type Selectable, sql } from 'kysely';
import type { DataType } from '../model/data-type.ts';
import type { HeldAnswer, HeldRun } from '../model/guard.ts';
import type { RunCounts, RunOutcome, RunStatus, Trigger } from '../model/run.ts';
import type { RunDelivery } from '../model/reconciliation.ts';
import { addWarning } from './run-warnings.ts';
import type { LedgerSchema, RunTable } from './schema.ts';

export interface RunRecord {
  readonly id: string;
  readonly sync: string;
  readonly dataType: DataType;
  readonly workflowRunId: string;
  readonly trigger: Trigger;
  readonly status: RunStatus;
  readonly upperBound: string | null;
  readonly watermarkBefore: string | null;
  readonly watermarkAfter: string | null;
  readonly counts: RunCounts;
  readonly futureRows: number;
  readonly nullRows: number;
  /** Rows behind the watermark that no run has read, found by a verification at its begin; null without one. */
  readonly unreadRows: number | null;
  readonly warnings: readonly string[];
  readonly error: { readonly type: string; readonly message: string; readonly code: string | null } | null;
  /** What a guard asked of people, and their answer; null where none did. */
  readonly held: HeldRun | null;
  readonly startedAt: Date;
  readonly finishedAt: Date | null;
}

export interface RunEnd {
  readonly status: RunOutcome;
  readonly error: { readonly type: string; readonly message: string; readonly code: string | null } | null;
}

export class Runs {
  readonly #db: Kysely<LedgerSchema>;

  constructor(db: Kysely<LedgerSchema>) {
    this.#db = db;
  }

  /** Opens the record of a run, or notes that it goes on under another Temporal run id. Repeating it is harmless. */
  async open(run: {
    id: string;
    sync: string;
    dataType: DataType;
    trigger: Trigger;
    workflowRunId: string;
  }): Promise<void> {
    await this.#db
      .insertInto('runs')
      .values({
        id: run.id,
        sync: run.sync,
        data_type: run.dataType,
        workflow_run_id: run.workflowRunId,
        trigger: run.trigger,
        status: 'running',
        warnings: '[]',
      })
      .onConflict((conflict) =>
        conflict
          .column('id')
          .doUpdateSet({ workflow_run_id: run.workflowRunId })
          .where('runs.finished_at', 'is', null),
      )
      .execute();
  }

  /** Notes a run that Temporal has accepted and no worker has taken up yet; one that is on record stays as it is. */
  async announce(run: { id: string; sync: string; dataType: DataType; trigger: Trigger }): Promise<void> {
    await this.#db
      .insertInto('runs')
      .values({
        id: run.id,
        sync: run.sync,
        data_type: run.dataType,
        workflow_run_id: run.id,
        trigger: run.trigger,
        status: 'running',
        warnings: '[]',
      })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute();
  }

  /**
   * Ends a run and closes its epoch, so that nothing of it may upload or commit any more.
   * A run that has ended stays as it is.
   *
   * @returns the record as it stands afterwards, or undefined where it was never opened
   */
  async finish(id: string, end: (counts: RunCounts) => RunEnd): Promise<RunRecord | undefined> {
    return this.#db.transaction().execute(async (tx) => {
      const row = await tx.selectFrom('runs').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
      if (!row) return undefined;
      const before = toRecord(row);
      if (before.finishedAt) return before;
      const { status, error } = end(before.counts);
      const watermark = await tx
        .selectFrom('watermarks')
        .select('value')
        .where('sync', '=', row.sync)
        .executeTakeFirst();
      await tx
        .updateTable('syncs')
        .set({ epoch_owner: null })
        .where('name', '=', row.sync)
        .where('epoch_owner', '=', row.workflow_run_id)
        .execute();
      const after = await tx
        .updateTable('runs')
        .set({
          status,
          error_type: error?.type ?? null,
          error_message: error?.message ?? null,
          error_code: error?.code ?? null,
          watermark_after: watermark?.value ?? null,
          finished_at: sql`now()`,
        })
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirstOrThrow();
      return toRecord(after);
    });
  }

  /** Notes that a run waits for people. A run that was asked about before, or has ended, stays as it is. */
  async hold(id: string, held: HeldRun): Promise<void> {
    await this.#db
      .updateTable('runs')
      .set({ status: 'held', held: JSON.stringify(held) })
      .where('id', '=', id)
      .where('status', '=', 'running')
      .where('held', 'is', null)
      .execute();
  }

  /** Notes how people answered; an approved run is running again. Repeating it is harmless. */
  async answerHeld(id: string, answer: HeldAnswer): Promise<void> {
    await this.#db
      .updateTable('runs')
      .set({
        held: sql`held || jsonb_build_object('answer', ${JSON.stringify(answer)}::jsonb)`,
        ...(answer.decision === 'approved' ? { status: 'running' as const } : {}),
      })
      .where('id', '=', id)
      .where('status', '=', 'held')
      .execute();
  }

  async addWarning(id: string, warning: string): Promise<void> {
    await addWarning(this.#db, id, warning);
  }

  async get(id: string): Promise<RunRecord | undefined> {
    const row = await this.#db.selectFrom('runs').selectAll().where('id', '=', id).executeTakeFirst();
    return row && toRecord(row);
  }

  /** Runs of a sync, newest first. */
  async ofSync(sync: string, limit: number): Promise<RunRecord[]> {
    const rows = await this.#db
      .selectFrom('runs')
      .selectAll()
      .where('sync', '=', sync)
      .orderBy('started_at', 'desc')
      .limit(limit)
      .execute();
    return rows.map(toRecord);
  }

  /**
   * Runs of a sync, newest first, page by page.
   *
   * @param options.before id of the run that the page begins after; one that is gone leaves the page empty
   * @param options.skip how many to leave out
   */
  async page(
    sync: string,
    options: { before?: string | undefined; status?: RunStatus | undefined; skip?: number; limit: number },
  ): Promise<RunRecord[]> {
    const rows = await this.#db
      .selectFrom('runs')
      .selectAll()
      .where('sync', '=', sync)
      .$if(options.before !== undefined, (query) =>
        query.where(
          sql<boolean>`(started_at, id) < (select started_at, id from runs where id = ${options.before})`,
        ),
      )
      .$if(options.status !== undefined, (query) => query.where('status', '=', options.status ?? 'running'))
      .orderBy('started_at', 'desc')
      .orderBy('id', 'desc')
      .offset(options.skip ?? 0)
      .limit(options.limit)
      .execute();
    return rows.map(toRecord);
  }

  /** Runs of a sync that have ended since a time, newest first. */
  async endedSince(sync: string, since: Date | null, limit: number): Promise<RunRecord[]> {
    const rows = await this.#db
      .selectFrom('runs')
      .selectAll()
      .where('sync', '=', sync)
      .where('finished_at', 'is not', null)
      .$if(since !== null, (query) => query.where('started_at', '>', since ?? new Date(0)))
      .orderBy('started_at', 'desc')
      .limit(limit)
      .execute();
    return rows.map(toRecord);
  }

  /**
   * Rows that were sent and rejected, by the UTC day on which their runs began.
   *
   * @param since the first day
   */
  async daily(syncs: readonly string[], since: Date): Promise<DailyRows[]> {
    if (syncs.length === 0) return [];
    return this.#db
      .selectFrom('runs')
      .select([
        'sync',
        sql<string>`to_char(started_at at time zone 'UTC', 'YYYY-MM-DD')`.as('day'),
        sql<number>`sum(sent)::bigint`.as('sent'),
        sql<number>`sum(rejected)::bigint`.as('rejected'),
      ])
      .where('sync', 'in', [...syncs])
      .where('started_at', '>=', since)
      .groupBy(['sync', 'day'])
      .execute();
  }

  /** The newest run of each sync. */
  async latest(): Promise<Map<string, RunRecord>> {
    const rows = await this.#db
      .selectFrom('runs')
      .selectAll()
      .where('id', 'in', sql<string>`(select distinct on (sync) id from runs order by sync, started_at desc)`)
      .execute();
    return new Map(rows.map((row) => [row.sync, toRecord(row)]));
  }

  /** What each run of a sync did that has ended and read, oldest first; retries move no watermark and are left out. */
  async deliveries(sync: string): Promise<RunDelivery[]> {
    const rows = await this.#db
      .selectFrom('runs')
      .select(['watermark_before as before', 'watermark_after as after', 'sent', 'rejected', 'status'])
      .where('sync', '=', sync)
      .where('trigger', '!=', 'retry')
      .where('upper_bound', 'is not', null)
      .where('finished_at', 'is not', null)
      .orderBy('started_at')
      .execute();
    return rows.map(({ status, ...run }) => ({
      ...run,
      isWhole: status === 'success' || status === 'partial',
    }));
  }

  /** Whether a sync's table was not held against the ledger within an interval. */
  async verificationDue(sync: string, intervalMs: number): Promise<boolean> {
    const row = await this.#db
      .selectFrom('syncs')
      .select(
        sql<boolean>`coalesce(verified_at < now() - ${intervalMs} * interval '1 millisecond', true)`.as(
          'due',
        ),
      )
      .where('name', '=', sync)
      .executeTakeFirst();
    return row?.due ?? false;
  }

  async recordVerification(run: string, unreadRows: number | null): Promise<void> {
    await this.#db.updateTable('runs').set({ unread_rows: unreadRows }).where('id', '=', run).execute();
    await sql`update syncs set verified_at = now() where name = (select sync from runs where id = ${run})`.execute(
      this.#db,
    );
  }

  /** Every run that has not ended, oldest first. */
  async unfinished(sync?: string): Promise<RunRecord[]> {
    const rows = await this.#db
      .selectFrom('runs')
      .selectAll()
      .where('status', 'in', ['running', 'held'])
      .$if(sync !== undefined, (query) => query.where('sync', '=', sync ?? ''))
      .orderBy('started_at')
      .execute();
    return rows.map(toRecord);
  }

  /** What of a run may have reached Braze twice. */
  async possiblyDoubled(id: string): Promise<PossiblyDoubledRange[]> {
    const rows = await this.#db
      .selectFrom('possibly_doubled')
      .selectAll()
      .where('run', '=', id)
      .orderBy('id')
      .execute();
    return rows.map((row) => ({
      firstBatch: row.first_batch,
      lastBatch: row.last_batch,
      rows: row.rows,
      firstUpdatedAt: row.first_updated_at,
      lastUpdatedAt: row.last_updated_at,
      cause: row.cause,
    }));
  }

  /** Deletes what is older than its retention. @returns how many runs went */
  async sweep(olderThan: Date): Promise<number> {
    const result = await this.#db.deleteFrom('runs').where('finished_at', '<', olderThan).executeTakeFirst();
    await this.#db.deleteFrom('possibly_doubled').where('recorded_at', '<', olderThan).execute();
    return Number(result.numDeletedRows);
  }
}

export interface DailyRows {
  readonly sync: string;
  /** `2026-01-31`, in UTC. */
  readonly day: string;
  readonly sent: number;
  readonly rejected: number;
}

export interface PossiblyDoubledRange {
  readonly firstBatch: number;
  readonly lastBatch: number;
  readonly rows: number;
  readonly firstUpdatedAt: string;
  readonly lastUpdatedAt: string;
  readonly cause: 'answer_lost' | 'attempt_lost';
}

export function toRecord(row: Selectable<RunTable>): RunRecord {
  return {
    id: row.id,
    sync: row.sync,
    dataType: row.data_type,
    workflowRunId: row.workflow_run_id,
    trigger: row.trigger,
    status: row.status,
    upperBound: row.upper_bound,
    watermarkBefore: row.watermark_before,
    watermarkAfter: row.watermark_after,
    counts: {
      read: row.read,
      sent: row.sent,
      rejected: row.rejected,
      requests: row.requests,
      possiblyDoubled: row.possibly_doubled,
    },
    futureRows: row.future_rows,
    nullRows: row.null_rows,
    unreadRows: row.unread_rows,
    warnings: row.warnings,
    error: row.error_type
      ? { type: row.error_type, message: row.error_message ?? '', code: row.error_code }
      : null,
    held: row.held,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
  };
}
