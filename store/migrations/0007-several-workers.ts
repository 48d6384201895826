import { type Kysely, sql } from 'kysely';

/** Workers that know of each other, and share rate limits. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const statements = [
    sql`create table workers (
      id bigserial primary key,
      host text not null,
      pid integer not null,
      marker text,
      started_at timestamptz not null default clock_timestamp(),
      seen_at timestamptz not null default clock_timestamp()
    )`,
    sql`create table rate_leases (
      budget text not null,
      holder text not null,
      permits integer not null,
      wanted integer not null,
      expires_at timestamptz not null,
      primary key (budget, holder)
    )`,
  ];
  for (const statement of statements) await statement.execute(db);
}
