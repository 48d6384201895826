import { type Kysely, sql } from 'kysely';

/** When a sync was last held against its table, and what a run found thereby. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const statements = [
    sql`alter table syncs add column verified_at timestamptz`,
    sql`alter table runs add column unread_rows bigint`,
  ];
  for (const statement of statements) await statement.execute(db);
}
