import { type Kysely, sql } from 'kysely';

/** What the HTTP API keeps: ids of the syncs, keys, and the sessions of its status page. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const statements = [
    sql`alter table syncs add column integration_id uuid not null default gen_random_uuid()`,
    sql`create unique index syncs_by_integration on syncs (integration_id)`,
    sql`create table api_keys (
      id text primary key,
      name text not null,
      hash bytea not null,
      permissions text[] not null,
      created_at timestamptz not null default now(),
      revoked_at timestamptz
    )`,
    sql`create unique index api_keys_by_name on api_keys (name) where revoked_at is null`,
    sql`create table api_sessions (
      hash bytea primary key,
      key_id text not null references api_keys on delete cascade,
      expires_at timestamptz not null
    )`,
    sql`create index rejected_rows_by_sync on rejected_rows (sync, id)`,
  ];
  for (const statement of statements) await statement.execute(db);
}
