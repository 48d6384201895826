/** Sets a watermark back, so that the next run sends again what lies after it. */
import { type Kysely, sql } from 'kysely';
import { CdiError } from '../model/errors.ts';
import { forgetDelivered, hasOpenRun } from './between-runs.ts';
import type { LedgerSchema } from './schema.ts';

export interface Rewind {
  readonly sync: string;
  /** The watermark as it was when people were asked. */
  readonly from: string | null;
  /** UPDATED_AT from which the next run reads, itself included; null: from the beginning. */
  readonly to: string | null;
  readonly by: string;
  /** How many rows people were told would go again. */
  readonly rows: number;
}

/**
 * Moves the watermark under a new epoch, forgets everything that is known of delivered rows, and records it.
 *
 * @returns false where nothing was changed, because a run is open or the watermark has moved since
 * @throws CdiError `definition_missing`
 */
export async function rewindWatermark(db: Kysely<LedgerSchema>, rewind: Rewind): Promise<boolean> {
  const { sync, from, to, by, rows } = rewind;
  return db.transaction().execute(async (tx) => {
    const owner = await tx
      .selectFrom('syncs')
      .select('epoch')
      .where('name', '=', sync)
      .forUpdate()
      .executeTakeFirst();
    if (!owner) throw new CdiError('definition_missing', `The sync ${sync} is not in the ledger.`);
    const isOpen = await hasOpenRun(tx, sync);
    const watermark = await tx
      .selectFrom('watermarks')
      .select('value')
      .where('sync', '=', sync)
      .executeTakeFirst();
    if (isOpen || !watermark || watermark.value !== from) return false;
    const epoch = owner.epoch + 1;
    await tx.updateTable('syncs').set({ epoch, epoch_owner: null }).where('name', '=', sync).execute();
    await tx
      .updateTable('watermarks')
      .set({
        value: to,
        digests: Buffer.alloc(0),
        epoch,
        segment: 0,
        known_from: null,
        committed_at: sql`now()`,
      })
      .where('sync', '=', sync)
      .execute();
    await forgetDelivered(tx, sync, to);
    await tx
      .insertInto('corrections')
      .values({ sync, kind: 'rewind', made_by: by, run: null, details: JSON.stringify({ from, to, rows }) })
      .execute();
    return true;
  });
}
