/**
 * Parts of an instant that have outgrown a segment. Smaller ones take their place; until each of those has been read, the
 * digests of the former part tell which of its rows are handled.
 */
import { type Expression, type Kysely, type SqlBool, type Transaction, sql } from 'kysely';
import { FULL_REFRESH } from '../model/full-refresh.ts';
import { DIGEST_BYTES, subtractDigests } from './digest-difference.ts';
import type { LedgerSchema } from './schema.ts';

/** Bounds of a share: prefixes of the users' hashes, both included. */
export interface Share {
  readonly low: string;
  readonly high: string;
}

/** The condition that a row is this part, known or dissolved. */
export const isPart = (sync: string, instant: string, { low, high }: Share): Expression<SqlBool> =>
  sql<SqlBool>`(sync, instant, low, high) = (${sync}, ${instant}, ${low}, ${high})`;

interface DissolvedPart extends Share {
  readonly digests: Buffer;
}

/**
 * Marks a part as dissolved; where its digests are not kept, nothing is known of it from now on. Of a table that is read whole, a part
 * that was dissolved before and that this one was made of may hold former contents of its rows, and is forgotten: what it
 * holds of others goes again.
 *
 * @returns how many rows that were delivered are forgotten with such parts
 */
export async function dissolvePart(
  tx: Transaction<LedgerSchema>,
  sync: string,
  instant: string,
  { low, high }: Share,
): Promise<number> {
  let forgotten = 0;
  if (instant === FULL_REFRESH)
    for (const former of await dissolvedAround(tx, sync, instant, { low, high })) {
      forgotten += former.digests.length / DIGEST_BYTES;
      await deletePart(tx, sync, instant, former);
    }
  const { numUpdatedRows } = await tx
    .updateTable('instant_parts')
    .set({ dissolved: true, rows: sql`octet_length(digests) / ${DIGEST_BYTES}` })
    .where(isPart(sync, instant, { low, high }))
    .where('digests', 'is not', null)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) await deletePart(tx, sync, instant, { low, high });
  return forgotten;
}

/** The dissolved parts of an instant that have hashes in common with a share. */
export async function dissolvedAround(
  db: Kysely<LedgerSchema>,
  sync: string,
  instant: string,
  { low, high }: Share,
): Promise<DissolvedPart[]> {
  const rows = await db
    .selectFrom('instant_parts')
    .select(['low', 'high', 'digests'])
    .where('sync', '=', sync)
    .where('instant', '=', instant)
    .where('dissolved', '=', true)
    .where(
      sql<boolean>`rpad(low, 32, '0') <= rpad(${high}, 32, 'f') and rpad(high, 32, 'f') >= rpad(${low}, 32, '0')`,
    )
    .orderBy('low')
    .execute();
  return rows.map((row) => ({ ...row, digests: row.digests ?? Buffer.alloc(0) }));
}

/**
 * Takes out the digests that a smaller part has met; what is empty then goes.
 *
 * @returns digests that none of the dissolved parts holds
 */
export async function takeFromDissolved(
  tx: Transaction<LedgerSchema>,
  sync: string,
  { instant, ...share }: Share & { readonly instant: string },
  taken: Buffer,
): Promise<Buffer> {
  if (taken.length === 0) return taken;
  let rest = taken;
  for (const { low, high, digests } of await dissolvedAround(tx, sync, instant, share)) {
    const { left, missing } = subtractDigests(digests, rest);
    if (left.length === 0) await deletePart(tx, sync, instant, { low, high });
    else if (left.length < digests.length) {
      await tx
        .updateTable('instant_parts')
        .set({ digests: left, rows: left.length / DIGEST_BYTES })
        .where(isPart(sync, instant, { low, high }))
        .execute();
    }
    rest = missing;
  }
  return rest;
}

/** Once everything of an instant has been read, what is left of former parts is of rows that are gone. */
export async function forgetDissolved(
  tx: Transaction<LedgerSchema>,
  sync: string,
  instant: string,
): Promise<void> {
  await tx
    .deleteFrom('instant_parts')
    .where('sync', '=', sync)
    .where('instant', '=', instant)
    .where('dissolved', '=', true)
    .execute();
}

async function deletePart(
  tx: Transaction<LedgerSchema>,
  sync: string,
  instant: string,
  { low, high }: Share,
): Promise<void> {
  await tx
    .deleteFrom('instant_parts')
    .where(isPart(sync, instant, { low, high }))
    .execute();
}
