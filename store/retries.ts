/**
 * Rejected rows that are being sent again. A row is claimed by the segment in which it goes out, with the digest of
 * what goes out, and settled once that segment is committed. What a retry that died had confirmed is settled by the
 * next run that begins.
 */
import { type Kysely, type Transaction, sql } from 'kysely';
import { CdiError } from '../model/errors.ts';
import type { RetryCursor } from '../model/retry.ts';
import type { SourceRow } from '../model/row.ts';
import { DIGEST_BYTES } from './digest-difference.ts';
import { type EpochHolder, requireEpoch } from './epoch.ts';
import type { Keyring } from './keyring.ts';
import { PURPOSE } from './rejected-rows.ts';
import type { LedgerSchema } from './schema.ts';

export interface OfferedRow {
  readonly id: number;
  readonly row: SourceRow;
}

/** A rejected row that goes out, and the digest of what goes out for it. */
export interface Claim {
  readonly id: number;
  readonly digest: Buffer;
}

export class Retries {
  readonly #db: Kysely<LedgerSchema>;
  readonly #keyring: Keyring;

  constructor(db: Kysely<LedgerSchema>, keyring: Keyring) {
    this.#db = db;
    this.#keyring = keyring;
  }

  /**
   * Rejected rows on offer, in the order of UPDATED_AT.
   *
   * @param options.run only those of one run
   * @param options.after only those after this one
   * @param options.before only those that were rejected before this run began: a retry does not meet its own
   */
  async offered(
    sync: string,
    options: { run: string | null; after: RetryCursor | null; before: string; limit: number },
  ): Promise<OfferedRow[]> {
    const { run, after, before, limit } = options;
    const rows = await this.#db
      .selectFrom('rejected_rows')
      .select(['id', 'content'])
      .where('sync', '=', sync)
      .where('settled_by', 'is', null)
      .where('run', '!=', before)
      .$if(run !== null, (query) => query.where('run', '=', run ?? ''))
      .$if(after !== null, (query) =>
        query.where(sql<boolean>`(updated_at_text, id) > (${after?.updatedAt ?? ''}, ${after?.id ?? 0})`),
      )
      .orderBy('updated_at_text')
      .orderBy('id')
      .limit(limit)
      .execute();
    return rows.map(({ id, content }) => ({ id, row: this.#open(content) }));
  }

  /** Which instants ordinary runs look at row by row: the watermark's own, and with `lookback` a stretch before it. */
  async examined(sync: string): Promise<(at: string) => boolean> {
    const row = await this.#db
      .selectFrom('watermarks')
      .select(['value', 'known_from'])
      .where('sync', '=', sync)
      .executeTakeFirst();
    const { value = null, known_from: knownFrom = null } = row ?? {};
    return (at) => value === null || at >= value || (knownFrom !== null && at > knownFrom);
  }

  /** The rows of some rejected rows, by id. */
  async rows(ids: readonly number[]): Promise<Map<number, SourceRow>> {
    if (ids.length === 0) return new Map();
    const rows = await this.#db
      .selectFrom('rejected_rows')
      .select(['id', 'content'])
      .where('id', 'in', [...ids])
      .execute();
    return new Map(rows.map(({ id, content }) => [id, this.#open(content)]));
  }

  /**
   * Settles the rows of a segment that is uploaded. The watermark stays where it is. Repeating it succeeds.
   *
   * @param run the retry
   * @throws CdiError `superseded`, or `internal` where the upload is not complete
   */
  async commit(holder: EpochHolder, run: string, segment: number): Promise<void> {
    await this.#db.transaction().execute(async (tx) => {
      await requireEpoch(tx, holder);
      const upload = await tx
        .selectFrom('uploads')
        .select('completed_at')
        .where('sync', '=', holder.sync)
        .where('epoch', '=', holder.epoch)
        .where('segment', '=', segment)
        .executeTakeFirst();
      if (!upload) return;
      if (!upload.completed_at)
        throw new CdiError('internal', `Segment ${segment} is not uploaded completely.`);
      await tx
        .updateTable('rejected_rows')
        .set({ settled_by: run, retry_epoch: null, retry_segment: null, retry_digest: null })
        .where('sync', '=', holder.sync)
        .where('retry_epoch', '=', holder.epoch)
        .where('retry_segment', '=', segment)
        .where('settled_by', 'is', null)
        .execute();
      for (const table of ['confirmed_groups', 'uploads'] as const) {
        await tx
          .deleteFrom(table)
          .where('sync', '=', holder.sync)
          .where('epoch', '=', holder.epoch)
          .where('segment', '=', segment)
          .execute();
      }
    });
  }

  #open(content: Buffer): SourceRow {
    return JSON.parse(this.#keyring.open(content, PURPOSE).toString()) as SourceRow;
  }
}

/** Notes which rejected rows go out in a segment, in place of those noted before. */
export async function claimRejected(
  tx: Transaction<LedgerSchema>,
  holder: EpochHolder,
  segment: number,
  claims: readonly Claim[],
): Promise<void> {
  await release(tx, holder.sync, holder.epoch, segment);
  await sql`
    update rejected_rows
    set retry_epoch = ${holder.epoch}, retry_segment = ${segment}, retry_digest = claims.digest
    from unnest(${claims.map(({ id }) => id)}::bigint[], ${claims.map(({ digest }) => digest)}::bytea[])
      as claims (id, digest)
    where rejected_rows.id = claims.id and rejected_rows.settled_by is null`.execute(tx);
}

/**
 * Settles what retries of older epochs confirmed, and puts the rest of their rows back on offer.
 * Their confirmations are forgotten: they say nothing about rows that an ordinary run would read.
 */
export async function settleDeadRetries(
  tx: Transaction<LedgerSchema>,
  sync: string,
  epoch: number,
): Promise<void> {
  const segments = await tx
    .selectFrom('rejected_rows')
    .select(['retry_epoch', 'retry_segment'])
    .distinct()
    .where('sync', '=', sync)
    .where('settled_by', 'is', null)
    .where('retry_epoch', '<', epoch)
    .execute();
  for (const { retry_epoch: deadEpoch, retry_segment: segment } of segments) {
    if (deadEpoch === null || segment === null) continue;
    const groups = await tx
      .deleteFrom('confirmed_groups')
      .where('sync', '=', sync)
      .where('epoch', '=', deadEpoch)
      .where('segment', '=', segment)
      .returning(['run', 'digests'])
      .execute();
    const confirmed = new Map<string, number>();
    for (const { digests } of groups) {
      for (let offset = 0; offset < digests.length; offset += DIGEST_BYTES) {
        const key = digests.toString('latin1', offset, offset + DIGEST_BYTES);
        confirmed.set(key, (confirmed.get(key) ?? 0) + 1);
      }
    }
    const claims = await tx
      .selectFrom('rejected_rows')
      .select(['id', 'retry_digest'])
      .where('sync', '=', sync)
      .where('settled_by', 'is', null)
      .where('retry_epoch', '=', deadEpoch)
      .where('retry_segment', '=', segment)
      .orderBy('id')
      .execute();
    const settled = claims.filter(({ retry_digest: digest }) => {
      const key = digest?.toString('latin1') ?? '';
      const count = confirmed.get(key) ?? 0;
      if (count > 0) confirmed.set(key, count - 1);
      return count > 0;
    });
    const [group] = groups;
    if (group && settled.length > 0) {
      await sql`
        update rejected_rows set settled_by = ${group.run}
        where id = any(${settled.map(({ id }) => id)}::bigint[])`.execute(tx);
    }
    await release(tx, sync, deadEpoch, segment);
  }
}

async function release(
  tx: Transaction<LedgerSchema>,
  sync: string,
  epoch: number,
  segment: number,
): Promise<void> {
  await tx
    .updateTable('rejected_rows')
    .set({ retry_epoch: null, retry_segment: null, retry_digest: null })
    .where('sync', '=', sync)
    .where('retry_epoch', '=', epoch)
    .where('retry_segment', '=', segment)
    .execute();
}
