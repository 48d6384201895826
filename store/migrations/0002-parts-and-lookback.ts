import { type Kysely, sql } from 'kysely';

/** What is known of instants that are read in parts, and of the stretch that is read again for late rows. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const statements = [
    sql`create table instant_parts (
      sync text not null references syncs on delete cascade,
      instant text not null,
      low text collate "C" not null,
      high text collate "C" not null,
      rows bigint not null,
      digests bytea,
      committed_at timestamptz not null default now(),
      primary key (sync, instant, low, high)
    )`,
    sql`create table lookback_digests (
      id bigserial primary key,
      sync text not null references syncs on delete cascade,
      first_updated_at text collate "C" not null,
      last_updated_at text collate "C" not null,
      rows integer not null,
      digests bytea not null
    )`,
    sql`create index lookback_digests_by_time on lookback_digests (sync, first_updated_at, id)`,
    sql`alter table watermarks add column known_from text collate "C"`,
    sql`alter table confirmed_groups add column recorded boolean not null default false`,
    sql`alter table uploads add column tail jsonb, add column tail_taken bytea, add column tail_fresh bytea`,
    sql`update uploads set tail = jsonb_build_object('kind', 'whole', 'value', tail_value) where tail_value is not null`,
    sql`alter table uploads drop column tail_value`,
  ];
  for (const statement of statements) await statement.execute(db);
}
