/** Epochs: what belongs to an older one may neither confirm nor commit. */
import { type Transaction, sql } from 'kysely';
import { CdiError } from '../model/errors.ts';
import type { LedgerSchema } from './schema.ts';

/** Who works on a sync: a Temporal run id, and the epoch it was given. */
export interface EpochHolder {
  readonly sync: string;
  readonly epoch: number;
  readonly workflowRunId: string;
}

/**
 * Locks the sync's epoch for the rest of the transaction.
 *
 * @throws CdiError `superseded` where it belongs to another run by now
 */
export async function requireEpoch(tx: Transaction<LedgerSchema>, holder: EpochHolder): Promise<void> {
  const row = await tx
    .selectFrom('syncs')
    .select(['epoch', 'epoch_owner'])
    .where('name', '=', holder.sync)
    .forShare()
    .executeTakeFirst();
  if (row?.epoch !== holder.epoch || row.epoch_owner !== holder.workflowRunId) {
    throw new CdiError('superseded', `Another run of ${holder.sync} has taken over.`);
  }
}

/** An attempt of the extraction of a segment. */
export interface Opener extends EpochHolder {
  readonly segment: number;
  readonly attempt: number;
}

/**
 * Locks the sync's epoch, and notes who opens which segment. Segments are opened in order, so that an attempt that was
 * frozen until a later one had its turn, or until its segment was delivered, changes nothing any more.
 *
 * @throws CdiError `superseded` where the epoch belongs to another run by now, or a later attempt or segment was opened
 */
export async function requireTurn(tx: Transaction<LedgerSchema>, opener: Opener): Promise<void> {
  const { sync, epoch, workflowRunId, segment, attempt } = opener;
  // One statement: with a shared lock taken before, two openers would wait for each other.
  const { numUpdatedRows } = await tx
    .updateTable('syncs')
    .set({ opened_segment: segment, opened_attempt: attempt })
    .where('name', '=', sync)
    .where('epoch', '=', epoch)
    .where('epoch_owner', '=', workflowRunId)
    .where(sql<boolean>`(opened_segment, opened_attempt) <= (${segment}::integer, ${attempt}::integer)`)
    .executeTakeFirst();
  if (numUpdatedRows === 0n)
    throw new CdiError('superseded', `A later run or attempt of ${sync} has taken over.`);
}

/** An upload attempt: who works on the sync, and under which lease. */
export interface UploadHolder extends EpochHolder {
  readonly leaseOwner: string;
}

/**
 * Locks epoch and lease for the rest of the transaction. The epoch tells runs apart, the lease the attempts of one
 * run: an attempt that was frozen must not record what the next one has sent again.
 *
 * @throws CdiError `superseded`, or `lease_lost` where another attempt has the lease by now
 */
export async function requireUpload(tx: Transaction<LedgerSchema>, holder: UploadHolder): Promise<void> {
  await requireEpoch(tx, holder);
  const row = await tx
    .selectFrom('leases')
    .select('owner')
    .where('sync', '=', holder.sync)
    .forShare()
    .executeTakeFirst();
  if (row?.owner !== holder.leaseOwner) {
    throw new CdiError('lease_lost', `Another attempt uploads for ${holder.sync}.`);
  }
}
