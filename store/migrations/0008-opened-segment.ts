import { type Kysely, sql } from 'kysely';

/** Which segment, in which attempt of its extraction, the run that holds the epoch has opened last. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const statement = sql`alter table syncs
    add column opened_segment integer not null default 0,
    add column opened_attempt integer not null default 0`;
  await statement.execute(db);
}
