/** What is to be told of a run, beside its outcome. */
import { type Kysely, sql } from 'kysely';
import type { LedgerSchema } from './schema.ts';

/** Adds a warning to a run's record, once. @param db the ledger, or a transaction of it */
export async function addWarning(db: Kysely<LedgerSchema>, run: string, warning: string): Promise<void> {
  await db
    .updateTable('runs')
    .set({ warnings: sql`warnings || jsonb_build_array(${warning}::text)` })
    .where('id', '=', run)
    .where(sql<boolean>`not warnings ? ${warning}`)
    .execute();
}
