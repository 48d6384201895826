/** The commit of a segment: what was delivered becomes what is known, and the watermark moves. */
import { type Transaction, sql } from 'kysely';
import { CdiError } from '../model/errors.ts';
import { FULL_REFRESH } from '../model/full-refresh.ts';
import { DIGEST_BYTES, subtractDigests } from './digest-difference.ts';
import { forgetDissolved, takeFromDissolved } from './dissolved-parts.ts';
import { type EpochHolder, requireEpoch } from './epoch.ts';
import { BEFORE_ALL, insertLookback } from './lookback.ts';
import { forgetOtherInstants, putPart } from './instant-parts.ts';
import type { LedgerSchema } from './schema.ts';
import type { TailHead } from './segment-tail.ts';

interface Place extends EpochHolder {
  readonly segment: number;
}

interface Watermark {
  readonly value: string | null;
  readonly digests: Buffer;
  readonly epoch: number;
  readonly segment: number;
  readonly known_from: string | null;
}

const NONE: Watermark = { value: null, digests: Buffer.alloc(0), epoch: 0, segment: 0, known_from: null };

/**
 * @param digestLimit how many digests the sync may keep for what is read in parts
 * @returns the watermark's text; that of a later commit where this one was made long ago
 * @throws CdiError `superseded`, or `internal` where the upload is not complete
 */
export async function commitSegment(
  tx: Transaction<LedgerSchema>,
  holder: EpochHolder,
  segment: number,
  digestLimit: number,
): Promise<string | null> {
  const place: Place = { ...holder, segment };
  const isCommitted = (at: Watermark): boolean => at.epoch === holder.epoch && at.segment >= segment;
  const seen = await watermarkOf(tx, holder.sync);
  if (seen && isCommitted(seen)) return seen.value;
  await requireEpoch(tx, holder);
  // A commit that was frozen may wake beside the one that took its place: the second finds what the first has done. The sync
  // is locked before its watermark, as a rewind does: the other way round the two could wait for each other.
  const before = (await watermarkOf(tx, holder.sync, 'locked')) ?? NONE;
  if (isCommitted(before)) return before.value;
  const upload = await tx
    .selectFrom('uploads')
    .select(['tail', 'tail_digests', 'tail_taken', 'tail_fresh', 'completed_at'])
    .where('sync', '=', holder.sync)
    .where('epoch', '=', holder.epoch)
    .where('segment', '=', segment)
    .executeTakeFirst();
  if (!upload?.completed_at || !upload.tail || !upload.tail_digests) {
    throw new CdiError('internal', `Segment ${segment} is not uploaded completely.`);
  }
  const { tail, tail_digests: met, tail_fresh: fresh } = upload;
  const taken =
    tail.part && upload.tail_taken
      ? await takeFromDissolved(tx, holder.sync, tail.part, upload.tail_taken)
      : upload.tail_taken;
  const value = tail.value ?? before.value;
  const isReadWhole = tail.part?.instant === FULL_REFRESH && tail.value !== null;
  if (isReadWhole) await forgetDissolved(tx, holder.sync, FULL_REFRESH);
  const reached = { ...tail, value };
  const groups = isReadWhole ? [] : await groupsAround(tx, place, before, reached);
  const next = {
    value,
    // A former content of a row that is known beside the parts would keep that content from going out again.
    digests: isReadWhole ? NONE.digests : digestsAfter(before, groups, reached, met, taken),
    epoch: holder.epoch,
    segment,
  };
  await tx
    .insertInto('watermarks')
    .values({ sync: holder.sync, ...next })
    .onConflict((conflict) => conflict.column('sync').doUpdateSet({ ...next, committed_at: sql`now()` }))
    .execute();
  const instant = tail.part?.instant ?? value;
  if (instant !== null) await forgetOtherInstants(tx, holder.sync, instant);
  if (tail.part) await putPart(tx, holder.sync, tail.part, met, digestLimit);
  if (tail.fresh && fresh) {
    await takeFromGroups(tx, place, fresh);
    await insertLookback(tx, holder.sync, tail.fresh, fresh);
  }
  if (before.known_from !== null)
    await recordGroups(
      tx,
      holder.sync,
      groups.map(({ id }) => id),
    );
  await (isReadWhole
    ? forgetAllGroups(tx, place)
    : forgetGroups(tx, place, tail.kind === 'late' ? null : value));
  await tx.deleteFrom('uploads').where('sync', '=', holder.sync).where('segment', '<=', segment).execute();
  return value;
}

async function watermarkOf(
  tx: Transaction<LedgerSchema>,
  sync: string,
  lock?: 'locked',
): Promise<Watermark | undefined> {
  return tx
    .selectFrom('watermarks')
    .select(['value', 'digests', 'epoch', 'segment', 'known_from'])
    .where('sync', '=', sync)
    .$if(lock === 'locked', (query) => query.forUpdate())
    .executeTakeFirst();
}

/**
 * What is handled at the watermark's own instant. A segment that met all of it says so by itself; otherwise what was
 * known stays, with what dead runs confirmed at it, because their confirmations count only until the next commit.
 */
function digestsAfter(
  before: Watermark,
  groups: readonly Group[],
  tail: TailHead,
  met: Buffer,
  taken: Buffer | null,
): Buffer {
  if (tail.kind === 'whole') return met;
  const stays = tail.value === before.value;
  const known = Buffer.concat([...(stays ? [before.digests] : []), ...groups.map(({ digests }) => digests)]);
  const left = taken && taken.length > 0 ? subtractDigests(known, taken).left : known;
  return tail.kind === 'open' ? Buffer.concat([left, met]) : left;
}

interface Group {
  readonly id: number;
  readonly digests: Buffer;
}

/** What dead runs confirmed at the instant to which the watermark goes, and beyond it, since the last commit. */
async function groupsAround(
  tx: Transaction<LedgerSchema>,
  place: Place,
  before: Watermark,
  tail: TailHead,
): Promise<Group[]> {
  if (tail.kind === 'whole') return [];
  return tx
    .selectFrom('confirmed_groups')
    .select(['id', 'digests'])
    .where('sync', '=', place.sync)
    .where(sql<boolean>`(epoch, segment) <> (${place.epoch}, ${place.segment})`)
    .$if(tail.value === before.value, (query) =>
      query.where(sql<boolean>`(epoch, segment) > (${before.epoch}, ${before.segment})`),
    )
    .$if(tail.value !== null, (query) => query.where('last_updated_at', '>=', tail.value ?? ''))
    .orderBy('id')
    .execute();
}

/**
 * Rows that this segment met are on record by themselves from here on: what dead runs confirmed of them must not stand for others
 * of the same content.
 */
async function takeFromGroups(
  tx: Transaction<LedgerSchema>,
  { sync, epoch, segment }: Place,
  fresh: Buffer,
): Promise<void> {
  const groups = await tx
    .selectFrom('confirmed_groups')
    .select(['id', 'digests'])
    .where('sync', '=', sync)
    .where('recorded', '=', false)
    .where(sql<boolean>`(epoch, segment) <> (${epoch}, ${segment})`)
    .orderBy('id')
    .execute();
  let rest = fresh;
  for (const { id, digests } of groups) {
    const { left, missing } = subtractDigests(digests, rest);
    if (left.length < digests.length)
      await tx.updateTable('confirmed_groups').set({ digests: left }).where('id', '=', id).execute();
    rest = missing;
  }
}

/** From here on nothing tells any more that these rows are not among those of the lookback: they are put there. */
async function recordGroups(
  tx: Transaction<LedgerSchema>,
  sync: string,
  ids: readonly number[],
): Promise<void> {
  if (ids.length === 0) return;
  const groups = await tx
    .updateTable('confirmed_groups')
    .set({ recorded: true })
    .where('id', 'in', ids)
    .where('recorded', '=', false)
    .returning(['digests', 'last_updated_at'])
    .execute();
  for (const { digests, last_updated_at: last } of groups) {
    const rows = digests.length / DIGEST_BYTES;
    if (rows > 0) await insertLookback(tx, sync, [{ first: BEFORE_ALL, last, rows }], digests);
  }
}

/**
 * Forgets the confirmations of the segment, and those of others that the watermark covers.
 *
 * @param upTo those that reach no further than this instant; null: none
 */
async function forgetGroups(
  tx: Transaction<LedgerSchema>,
  { sync, epoch, segment }: Place,
  upTo: string | null,
): Promise<void> {
  await tx
    .deleteFrom('confirmed_groups')
    .where('sync', '=', sync)
    .where((where) => {
      const own = where.and([where('epoch', '=', epoch), where('segment', '=', segment)]);
      return upTo === null ? own : where.or([own, where('last_updated_at', '<=', upTo)]);
    })
    .execute();
}

/** Forgets every confirmation of a sync. */
async function forgetAllGroups(tx: Transaction<LedgerSchema>, { sync }: Place): Promise<void> {
  await tx.deleteFrom('confirmed_groups').where('sync', '=', sync).execute();
}
