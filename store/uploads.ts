/** Uploads in progress: what is confirmed, and what may have been sent without a confirmation. */
import { type Kysely, type Transaction, sql } from 'kysely';
import { CdiError } from '../model/errors.ts';
import { DIGEST_BYTES } from './digest-difference.ts';
import { type EpochHolder, type Opener, type UploadHolder, requireTurn, requireUpload } from './epoch.ts';
import { type ReadPart, addToPart, openPart } from './instant-parts.ts';
import type { Keyring } from './keyring.ts';
import { type NewRejectedRow, insertRejectedRows } from './rejected-rows.ts';
import { type Claim, claimRejected } from './retries.ts';
import { addWarning } from './run-warnings.ts';
import type { BatchRange, LedgerSchema } from './schema.ts';
import type { SegmentTail } from './segment-tail.ts';

export interface UploadState {
  /** Numbers of the batches whose answers were parsed and recorded. */
  readonly confirmed: ReadonlySet<number>;
  /** Batches below this may have been sent by an attempt that is gone. 0: none was. */
  readonly reservedTo: number;
  readonly completed: boolean;
}

/** What one group of answers changes, recorded in one transaction. */
export interface Confirmation {
  /** Makes recording the same group again harmless, where it is not known whether the first time succeeded. */
  readonly token: string;
  readonly batches: readonly number[];
  /** 16 bytes for each row that these batches handled, in answer order. */
  readonly digests: Buffer;
  /** Newest UPDATED_AT among those rows. */
  readonly lastUpdatedAt: string;
  readonly sent: number;
  readonly requests: number;
  readonly rejected: readonly NewRejectedRow[];
  /** Batches that were sent again after their answer was lost. */
  readonly answerLost: readonly BatchRange[];
  /** What is to be told of the run, once each. */
  readonly warnings: readonly string[];
  readonly reservation: Reservation;
}

/** How far an upload may go, written down before it goes there. */
export interface Reservation {
  /** Batches below this may be sent from now on. */
  readonly to: number;
  /** Those of them that are not confirmed; null where none can be in flight. */
  readonly open: BatchRange | null;
}

/** Rows that were confirmed and are not behind the watermark yet. */
export interface ConfirmedGroup {
  readonly epoch: number;
  readonly segment: number;
  readonly digests: Buffer;
  /** Whether they are on record among those of the lookback already. */
  readonly recorded: boolean;
}

export class Uploads {
  readonly #db: Kysely<LedgerSchema>;
  readonly #keyring: Keyring;

  constructor(db: Kysely<LedgerSchema>, keyring: Keyring) {
    this.#db = db;
    this.#keyring = keyring;
  }

  /**
   * Notes a segment that was extracted, and adds its rows to its run's count. A later attempt replaces the count and the
   * claims of an earlier one.
   *
   * @param also.claims rejected rows that go out in it again
   * @param also.part the part of a table read whole of which the segment holds the rows that have changed
   * @throws CdiError `superseded`, also for an attempt whose segment another one has opened since, or has delivered
   */
  async open(
    opener: Opener,
    run: string,
    rows: number,
    { claims, part }: { claims?: readonly Claim[]; part?: ReadPart | undefined } = {},
  ): Promise<void> {
    const { segment, ...holder } = opener;
    await this.#db.transaction().execute(async (tx) => {
      await requireTurn(tx, opener);
      if (claims) await claimRejected(tx, holder, segment, claims);
      if (part) await openPart(tx, holder.sync, part);
      const known = await tx
        .selectFrom('uploads')
        .select('rows')
        .where('sync', '=', holder.sync)
        .where('epoch', '=', holder.epoch)
        .where('segment', '=', segment)
        .executeTakeFirst();
      await tx
        .insertInto('uploads')
        .values({
          sync: holder.sync,
          epoch: holder.epoch,
          segment,
          run,
          rows,
          reserved_to: 0,
          reserved: null,
          part_low: part?.low ?? null,
          part_high: part?.high ?? null,
        })
        .onConflict((conflict) => conflict.columns(['sync', 'epoch', 'segment']).doUpdateSet({ rows }))
        .execute();
      await addToRead(tx, run, rows - (known?.rows ?? 0));
    });
  }

  /**
   * Where the upload of a segment stands.
   *
   * @throws CdiError `lease_lost`, or `superseded`, also where the segment is committed: an attempt that was frozen until
   *   then must not take it for one of which nothing was sent
   */
  async state(holder: UploadHolder, segment: number): Promise<UploadState> {
    return this.#db.transaction().execute(async (tx) => {
      await requireUpload(tx, holder);
      const upload = await tx
        .selectFrom('uploads')
        .select(['reserved_to', 'completed_at'])
        .where('sync', '=', holder.sync)
        .where('epoch', '=', holder.epoch)
        .where('segment', '=', segment)
        .executeTakeFirst();
      if (!upload)
        throw new CdiError('superseded', `Segment ${segment} of ${holder.sync} is not open any more.`);
      const groups = await tx
        .selectFrom('confirmed_groups')
        .select('batches')
        .where('sync', '=', holder.sync)
        .where('epoch', '=', holder.epoch)
        .where('segment', '=', segment)
        .execute();
      return {
        confirmed: new Set(groups.flatMap((group) => group.batches)),
        reservedTo: upload.reserved_to,
        completed: upload.completed_at !== null,
      };
    });
  }

  /**
   * Writes down, before anything is sent, how far the upload may go; and what a lost attempt may have sent.
   *
   * @throws CdiError `superseded`, `lease_lost`
   */
  async reserve(
    holder: UploadHolder,
    run: string,
    segment: number,
    reservation: Reservation,
    lost: readonly BatchRange[],
  ): Promise<void> {
    await this.#db.transaction().execute(async (tx) => {
      await requireUpload(tx, holder);
      await setReservation(tx, holder, segment, reservation);
      await recordDoubled(tx, holder, run, segment, 'attempt_lost', lost);
    });
  }

  /** Records a group of answers. @throws CdiError `superseded`, `lease_lost` */
  async confirm(
    holder: UploadHolder,
    run: string,
    segment: number,
    confirmation: Confirmation,
  ): Promise<void> {
    await this.#db.transaction().execute(async (tx) => {
      await requireUpload(tx, holder);
      const inserted = await tx
        .insertInto('confirmed_groups')
        .values({
          token: confirmation.token,
          sync: holder.sync,
          epoch: holder.epoch,
          segment,
          run,
          batches: [...confirmation.batches],
          digests: confirmation.digests,
          last_updated_at: confirmation.lastUpdatedAt,
        })
        .onConflict((conflict) => conflict.column('token').doNothing())
        .executeTakeFirst();
      if (inserted.numInsertedOrUpdatedRows === 0n) return;
      await insertRejectedRows(tx, this.#keyring, holder.sync, run, confirmation.rejected);
      await recordDoubled(tx, holder, run, segment, 'answer_lost', confirmation.answerLost);
      await setReservation(tx, holder, segment, confirmation.reservation);
      for (const warning of confirmation.warnings) await addWarning(tx, run, warning);
      await tx
        .updateTable('runs')
        .set((set) => ({
          sent: set('sent', '+', confirmation.sent),
          rejected: set('rejected', '+', confirmation.rejected.length),
          requests: set('requests', '+', confirmation.requests),
        }))
        .where('id', '=', run)
        .execute();
    });
  }

  /**
   * Marks a segment as delivered, with what its commit will make of the ledger.
   *
   * @throws CdiError `superseded`, `lease_lost`
   */
  async complete(holder: UploadHolder, segment: number, tail: SegmentTail): Promise<void> {
    await this.#db.transaction().execute(async (tx) => {
      await requireUpload(tx, holder);
      await tx
        .updateTable('uploads')
        .set({
          tail: JSON.stringify(tail.head),
          tail_digests: tail.digests,
          tail_taken: tail.taken,
          tail_fresh: tail.fresh,
          completed_at: sql`now()`,
        })
        .where('sync', '=', holder.sync)
        .where('epoch', '=', holder.epoch)
        .where('segment', '=', segment)
        .execute();
    });
  }

  /**
   * Digests of rows that are handled but not yet behind the watermark: confirmed by a run that died, or by an
   * upload whose staged pages were lost.
   *
   * @param from only groups that reach this UPDATED_AT or later; null: all
   */
  async handled(sync: string, from: string | null): Promise<ConfirmedGroup[]> {
    return this.#db
      .selectFrom('confirmed_groups')
      .select(['epoch', 'segment', 'digests', 'recorded'])
      .where('sync', '=', sync)
      .$if(from !== null, (query) => query.where('last_updated_at', '>=', from ?? ''))
      .orderBy('id')
      .execute();
  }
}

async function setReservation(
  tx: Transaction<LedgerSchema>,
  holder: EpochHolder,
  segment: number,
  reservation: Reservation,
): Promise<void> {
  await tx
    .updateTable('uploads')
    .set({
      reserved_to: reservation.to,
      reserved: reservation.open && JSON.stringify(reservation.open),
    })
    .where('sync', '=', holder.sync)
    .where('epoch', '=', holder.epoch)
    .where('segment', '=', segment)
    .execute();
}

/**
 * Forgets the uploads of dead epochs of a sync, hands what they may have sent without an answer to the run that
 * sends it again, and takes their unconfirmed rows out of the count of a run that goes on.
 */
export async function inheritReservations(
  tx: Transaction<LedgerSchema>,
  holder: EpochHolder,
  run: string,
): Promise<void> {
  const dead = await tx
    .deleteFrom('uploads')
    .where('sync', '=', holder.sync)
    .where('epoch', '<', holder.epoch)
    .returning(['epoch', 'segment', 'run', 'rows', 'reserved', 'completed_at', 'part_low', 'part_high'])
    .execute();
  for (const upload of dead) {
    if (upload.run === run)
      await addToRead(tx, run, -(upload.rows - (await confirmedRows(tx, holder.sync, upload))));
    const { part_low: low, part_high: high } = upload;
    if (low !== null && high !== null)
      await addToPart(tx, holder.sync, { low, high }, await takeConfirmed(tx, holder.sync, upload));
    if (upload.completed_at || !upload.reserved) continue;
    await recordDoubled(tx, holder, run, upload.segment, 'attempt_lost', [upload.reserved]);
  }
}

/** Of a table that is read whole a part knows its delivered rows itself: what a dead upload confirmed of it goes there. */
async function takeConfirmed(
  tx: Transaction<LedgerSchema>,
  sync: string,
  upload: { epoch: number; segment: number },
): Promise<Buffer> {
  const groups = await tx
    .deleteFrom('confirmed_groups')
    .where('sync', '=', sync)
    .where('epoch', '=', upload.epoch)
    .where('segment', '=', upload.segment)
    .returning('digests')
    .execute();
  return Buffer.concat(groups.map(({ digests }) => digests));
}

/** Rows of a dead upload that are handled; the others will be read, and counted, again. */
async function confirmedRows(
  tx: Transaction<LedgerSchema>,
  sync: string,
  upload: { epoch: number; segment: number },
): Promise<number> {
  const row = await tx
    .selectFrom('confirmed_groups')
    .select(sql<number>`coalesce(sum(octet_length(digests)) / ${DIGEST_BYTES}, 0)::int`.as('rows'))
    .where('sync', '=', sync)
    .where('epoch', '=', upload.epoch)
    .where('segment', '=', upload.segment)
    .executeTakeFirstOrThrow();
  return row.rows;
}

async function addToRead(tx: Transaction<LedgerSchema>, run: string, rows: number): Promise<void> {
  if (rows === 0) return;
  await tx
    .updateTable('runs')
    .set((set) => ({ read: set('read', '+', rows) }))
    .where('id', '=', run)
    .execute();
}

async function recordDoubled(
  tx: Transaction<LedgerSchema>,
  holder: EpochHolder,
  run: string,
  segment: number,
  cause: 'answer_lost' | 'attempt_lost',
  ranges: readonly BatchRange[],
): Promise<void> {
  if (ranges.length === 0) return;
  await tx
    .insertInto('possibly_doubled')
    .values(
      ranges.map((range) => ({
        run,
        sync: holder.sync,
        epoch: holder.epoch,
        segment,
        first_batch: range.firstBatch,
        last_batch: range.lastBatch,
        rows: range.rows,
        first_updated_at: range.firstUpdatedAt,
        last_updated_at: range.lastUpdatedAt,
        cause,
      })),
    )
    .execute();
  const rows = ranges.reduce((sum, range) => sum + range.rows, 0);
  await tx
    .updateTable('runs')
    .set((set) => ({ possibly_doubled: set('possibly_doubled', '+', rows) }))
    .where('id', '=', run)
    .execute();
}
