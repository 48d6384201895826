/** Instants that were read in parts: how many rows each share held, and which. */
import { type Kysely, type Transaction, sql } from 'kysely';
import { DIGEST_BYTES } from './digest-difference.ts';
import { type EpochHolder, requireEpoch } from './epoch.ts';
import type { LedgerSchema } from './schema.ts';

export interface InstantPart {
  readonly low: string;
  readonly high: string;
  readonly rows: number;
  /** Whether the digests of its rows are kept. */
  readonly hasDigests: boolean;
}

export class InstantParts {
  readonly #db: Kysely<LedgerSchema>;

  constructor(db: Kysely<LedgerSchema>) {
    this.#db = db;
  }

  /** The known parts of an instant, in the order of their hashes. */
  async of(sync: string, instant: string): Promise<InstantPart[]> {
    return this.#db
      .selectFrom('instant_parts')
      .select(['low', 'high', 'rows', sql<boolean>`digests is not null`.as('hasDigests')])
      .where('sync', '=', sync)
      .where('instant', '=', instant)
      .orderBy('low')
      .execute();
  }

  /** @returns the digests of a part; undefined where it is not known, or its digests are not kept */
  async digests(
    sync: string,
    instant: string,
    share: { low: string; high: string },
  ): Promise<Buffer | undefined> {
    const row = await this.#db
      .selectFrom('instant_parts')
      .select('digests')
      .where('sync', '=', sync)
      .where('instant', '=', instant)
      .where('low', '=', share.low)
      .where('high', '=', share.high)
      .executeTakeFirst();
    return row?.digests ?? undefined;
  }

  /**
   * Forgets the bounds of parts that have outgrown a segment, and keeps their digests beside the watermark until the
   * smaller parts that follow have been read.
   *
   * @throws CdiError `superseded`
   */
  async dissolve(holder: EpochHolder, instant: string, parts: readonly InstantPart[]): Promise<void> {
    await this.#db.transaction().execute(async (tx) => {
      await requireEpoch(tx, holder);
      for (const { low, high } of parts) {
        const gone = await tx
          .deleteFrom('instant_parts')
          .where('sync', '=', holder.sync)
          .where('instant', '=', instant)
          .where('low', '=', low)
          .where('high', '=', high)
          .returning('digests')
          .executeTakeFirst();
        if (!gone?.digests) continue;
        await tx
          .updateTable('watermarks')
          .set({ digests: sql`digests || ${gone.digests}` })
          .where('sync', '=', holder.sync)
          .execute();
      }
    });
  }
}

/** Keeps the digests of a part only where the sync stays within its limit. */
export async function putPart(
  tx: Transaction<LedgerSchema>,
  sync: string,
  part: { instant: string; low: string; high: string; rows: number },
  digests: Buffer,
  digestLimit: number,
): Promise<void> {
  const { total } = await tx
    .selectFrom('instant_parts')
    .select(sql<number>`coalesce(sum(octet_length(digests)) / ${DIGEST_BYTES}, 0)::bigint`.as('total'))
    .where('sync', '=', sync)
    .where((where) =>
      where.not(
        where.and([
          where('low', '=', part.low),
          where('high', '=', part.high),
          where('instant', '=', part.instant),
        ]),
      ),
    )
    .executeTakeFirstOrThrow();
  const kept = total + digests.length / DIGEST_BYTES <= digestLimit ? digests : null;
  await tx
    .insertInto('instant_parts')
    .values({ sync, ...part, digests: kept })
    .onConflict((conflict) =>
      conflict
        .columns(['sync', 'instant', 'low', 'high'])
        .doUpdateSet({ rows: part.rows, digests: kept, committed_at: sql`now()` }),
    )
    .execute();
}

/** @param instant the one that is being read; parts of others are of no use any more */
export async function forgetOtherInstants(
  tx: Transaction<LedgerSchema>,
  sync: string,
  instant: string,
): Promise<void> {
  await tx.deleteFrom('instant_parts').where('sync', '=', sync).where('instant', '!=', instant).execute();
}
