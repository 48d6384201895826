/** What is asked and done where a sync is set back between its runs. */
import type { Transaction } from 'kysely';
import { withdrawRejectedRows } from './rejected-rows.ts';
import type { LedgerSchema } from './schema.ts';

/** Whether a run of a sync is under way or held. Its row is locked before, so that none begins meanwhile. */
export async function hasOpenRun(tx: Transaction<LedgerSchema>, sync: string): Promise<boolean> {
  const open = await tx
    .selectFrom('runs')
    .select('id')
    .where('sync', '=', sync)
    .where('status', 'in', ['running', 'held'])
    .executeTakeFirst();
  return open !== undefined;
}

/**
 * Forgets everything that is known of delivered rows beside the watermark itself.
 *
 * @param from rejected rows from this UPDATED_AT on are withdrawn, for they go again; null: all of them
 */
export async function forgetDelivered(
  tx: Transaction<LedgerSchema>,
  sync: string,
  from: string | null,
): Promise<void> {
  for (const table of ['confirmed_groups', 'uploads', 'instant_parts', 'lookback_digests'] as const)
    await tx.deleteFrom(table).where('sync', '=', sync).execute();
  await withdrawRejectedRows(tx, sync, from);
}
