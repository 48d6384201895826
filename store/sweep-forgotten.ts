import { type Kysely, sql } from 'kysely';
import type { LedgerSchema } from './schema.ts';

/** Deletes what syncs left behind that are gone for good, because their credential or workspace was deleted. */
export async function sweepForgotten(db: Kysely<LedgerSchema>): Promise<void> {
  for (const table of ['uploads', 'confirmed_groups', 'leases'] as const) {
    await sql`
      delete from ${sql.table(table)} where not exists (
        select from syncs where syncs.name = ${sql.table(table)}.sync
      )`.execute(db);
  }
}
