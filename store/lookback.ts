/**
 * The stretch before the watermark that is read again for late rows: which of its rows are delivered, as digests in
 * the order of UPDATED_AT.
 */
import { type Kysely, type Transaction, sql } from 'kysely';
import { DIGEST_BYTES } from './digest-difference.ts';
import { type EpochHolder, requireEpoch } from './epoch.ts';
import type { LedgerSchema } from './schema.ts';
import type { TimeStretch } from './segment-tail.ts';

/** Digests of one stretch, 16 bytes each. */
export interface LookbackChunk {
  readonly id: number;
  readonly first: string;
  readonly last: string;
  readonly digests: Buffer;
}

export interface LookbackStart {
  /** Rows after this UPDATED_AT are known or late. */
  readonly knownFrom: string;
  /** How many rows had to be forgotten because there were too many. */
  readonly forgotten: number;
}

/** Precedes every UPDATED_AT. */
export const BEFORE_ALL = '';

export class Lookback {
  readonly #db: Kysely<LedgerSchema>;

  constructor(db: Kysely<LedgerSchema>) {
    this.#db = db;
  }

  /**
   * Forgets what lies before the stretch, and, where more rows are on record than may be, the oldest of them.
   * A sync that looks back for the first time knows nothing before its watermark.
   *
   * @param from begin of the stretch
   * @param limit rows that may be on record
   * @throws CdiError `superseded`
   */
  async prepare(
    holder: EpochHolder,
    { watermark, from, limit }: { watermark: string | null; from: string; limit: number },
  ): Promise<LookbackStart> {
    return this.#db.transaction().execute(async (tx) => {
      await requireEpoch(tx, holder);
      const { known_from: before } = await tx
        .selectFrom('watermarks')
        .select('known_from')
        .where('sync', '=', holder.sync)
        .executeTakeFirstOrThrow();
      let knownFrom = before ?? watermark ?? BEFORE_ALL;
      if (from > knownFrom) {
        await tx
          .deleteFrom('lookback_digests')
          .where('sync', '=', holder.sync)
          .where('last_updated_at', '<=', from)
          .execute();
        knownFrom = from;
      }
      const excess = await sql<{ rows: number; last: string }>`
        delete from lookback_digests where id in (
          select id from (
            select id, sum(rows) over (order by last_updated_at desc, id desc) as newer
            from lookback_digests where sync = ${holder.sync}
          ) counted where newer > ${limit}
        ) returning rows, last_updated_at as last`.execute(tx);
      for (const { last } of excess.rows) if (last > knownFrom) knownFrom = last;
      await tx
        .updateTable('watermarks')
        .set({ known_from: knownFrom })
        .where('sync', '=', holder.sync)
        .execute();
      return { knownFrom, forgotten: excess.rows.reduce((sum, { rows }) => sum + rows, 0) };
    });
  }

  /** Forgets everything: the sync does not look back any more. @throws CdiError `superseded` */
  async turnOff(holder: EpochHolder): Promise<void> {
    await this.#db.transaction().execute(async (tx) => {
      await requireEpoch(tx, holder);
      await tx.deleteFrom('lookback_digests').where('sync', '=', holder.sync).execute();
      await tx
        .updateTable('watermarks')
        .set({ known_from: null })
        .where('sync', '=', holder.sync)
        .where('known_from', 'is not', null)
        .execute();
    });
  }

  /** Chunks in the order of their begin, those that reach `from` or later. @param after the last chunk that was read */
  async chunks(
    sync: string,
    from: string,
    after: { first: string; id: number } | undefined,
    limit: number,
  ): Promise<LookbackChunk[]> {
    return this.#db
      .selectFrom('lookback_digests')
      .select(['id', 'first_updated_at as first', 'last_updated_at as last', 'digests'])
      .where('sync', '=', sync)
      .where('last_updated_at', '>=', from)
      .$if(after !== undefined, (query) =>
        query.where(sql<boolean>`(first_updated_at, id) > (${after?.first ?? ''}, ${after?.id ?? 0})`),
      )
      .orderBy('first_updated_at')
      .orderBy('id')
      .limit(limit)
      .execute();
  }
}

/** @param stretches of the digests, in order */
export async function insertLookback(
  tx: Transaction<LedgerSchema>,
  sync: string,
  stretches: readonly TimeStretch[],
  digests: Buffer,
): Promise<void> {
  let offset = 0;
  for (const { first, last, rows } of stretches) {
    const bytes = digests.subarray(offset, offset + rows * DIGEST_BYTES);
    offset += bytes.length;
    await tx
      .insertInto('lookback_digests')
      .values({ sync, first_updated_at: first, last_updated_at: last, rows, digests: bytes })
      .execute();
  }
}
