import { type Kysely, sql } from 'kysely';

/** What a held run asks, rejected rows that are sent again, and the record of corrections. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const statements = [
    sql`alter table runs add column held jsonb`,
    sql`alter table rejected_rows
      add column deleted boolean not null default false,
      add column settled_by text,
      add column retry_epoch bigint,
      add column retry_segment bigint,
      add column retry_digest bytea,
      alter column updated_at_text type text collate "C"`,
    sql`create index rejected_rows_on_offer on rejected_rows (sync, updated_at_text, id) where settled_by is null`,
    sql`create index rejected_rows_in_retry on rejected_rows (sync, retry_epoch, retry_segment)
      where settled_by is null and retry_epoch is not null`,
    sql`create table corrections (
      id bigserial primary key,
      sync text not null,
      kind text not null,
      made_by text not null,
      made_at timestamptz not null default now(),
      run text unique,
      details jsonb not null
    )`,
    sql`create index corrections_by_sync on corrections (sync, id desc)`,
  ];
  for (const statement of statements) await statement.execute(db);
}
