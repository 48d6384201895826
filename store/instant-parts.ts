/** Instants that were read in parts: how many rows each share held, and which. */
import { type Kysely, type Transaction, sql } from 'kysely';
import { FULL_REFRESH } from '../model/full-refresh.ts';
import { DIGEST_BYTES } from './digest-difference.ts';
import { type Share, dissolvePart, dissolvedAround, isPart, takeFromDissolved } from './dissolved-parts.ts';
import { type EpochHolder, requireEpoch } from './epoch.ts';
import { addWarning } from './run-warnings.ts';
import type { LedgerSchema } from './schema.ts';

export interface InstantPart extends Share {
  readonly rows: number;
  /** Whether the digests of its rows are kept. */
  readonly hasDigests: boolean;
}

export class InstantParts {
  readonly #db: Kysely<LedgerSchema>;

  constructor(db: Kysely<LedgerSchema>) {
    this.#db = db;
  }

  /** Whether an instant was read in parts. */
  async has(sync: string, instant: string): Promise<boolean> {
    const found = await this.#db
      .selectFrom('instant_parts')
      .select('low')
      .where('sync', '=', sync)
      .where('instant', '=', instant)
      .limit(1)
      .executeTakeFirst();
    return found !== undefined;
  }

  /** The known parts of an instant, in the order of their hashes; without those that were dissolved. */
  async of(sync: string, instant: string): Promise<InstantPart[]> {
    return this.#db
      .selectFrom('instant_parts')
      .select(['low', 'high', 'rows', sql<boolean>`digests is not null`.as('hasDigests')])
      .where('sync', '=', sync)
      .where('instant', '=', instant)
      .where('dissolved', '=', false)
      .orderBy('low')
      .execute();
  }

  /** @returns the digests of a part; null where they are not kept, undefined where the part is not known */
  async digests(sync: string, instant: string, { low, high }: Share): Promise<Buffer | null | undefined> {
    const row = await this.#db
      .selectFrom('instant_parts')
      .select('digests')
      .where(isPart(sync, instant, { low, high }))
      .where('dissolved', '=', false)
      .executeTakeFirst();
    return row?.digests;
  }

  /** @returns digests of the dissolved parts that have hashes in common with a share */
  async dissolvedDigests(sync: string, instant: string, share: Share): Promise<Buffer[]> {
    const parts = await dissolvedAround(this.#db, sync, instant, share);
    return parts.map(({ digests }) => digests);
  }

  /**
   * Takes parts that have outgrown a segment, or lost all their rows, from those that are known. Warns on the run of rows that are
   * forgotten by it.
   * @throws CdiError `superseded`
   */
  async dissolve(
    holder: EpochHolder,
    run: string,
    instant: string,
    parts: readonly InstantPart[],
  ): Promise<void> {
    await this.#db.transaction().execute(async (tx) => {
      await requireEpoch(tx, holder);
      let forgotten = 0;
      for (const part of parts) forgotten += await dissolvePart(tx, holder.sync, instant, part);
      if (forgotten > 0)
        await addWarning(
          tx,
          run,
          `A part of the table was divided anew before a run had read the table to its end since it was divided: ` +
            `up to ${forgotten} rows of the former part are sent again.`,
        );
    });
  }
}

/**
 * Keeps the digests of a part only where the sync stays within its limit. A dissolved part of the same bounds is this one from now on:
 * it must not be forgotten with the others.
 */
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
        .doUpdateSet({ rows: part.rows, digests: kept, dissolved: false, committed_at: sql`now()` }),
    )
    .execute();
}

/** A part of a table that is read whole, as it was read just now. */
export interface ReadPart extends Share {
  readonly instant: string;
  /** Rows that were met. */
  readonly rows: number;
  /** Digests of those among them that Braze holds as they are. */
  readonly delivered: Buffer;
  /** How many digests the sync may keep for what is read in parts. */
  readonly digestLimit: number;
}

/**
 * Notes, before the rest of the part is sent, which of its rows Braze holds as they are. What was known of the part and was not met
 * is a former content: the row that had it gets another now, and may have the former one again when it is read next.
 */
export async function openPart(
  tx: Transaction<LedgerSchema>,
  sync: string,
  { instant, low, high, rows, delivered, digestLimit }: ReadPart,
): Promise<void> {
  await takeFromDissolved(tx, sync, { instant, low, high }, delivered);
  await putPart(tx, sync, { instant, low, high, rows }, delivered, digestLimit);
}

/** Adds what a dead run confirmed of a part of a table that is read whole. */
export async function addToPart(
  tx: Transaction<LedgerSchema>,
  sync: string,
  { low, high }: Share,
  digests: Buffer,
): Promise<void> {
  await tx
    .updateTable('instant_parts')
    .set({ digests: sql`digests || ${digests}` })
    .where(isPart(sync, FULL_REFRESH, { low, high }))
    .where('dissolved', '=', false)
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
