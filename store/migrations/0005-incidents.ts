import { type Kysely, sql } from 'kysely';

/** Incidents, what is to be told of them, and what reached whom; when a schedule was last let go. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const statements = [
    sql`create table incidents (
      id bigserial primary key,
      subject_type text not null,
      subject text not null,
      kind text not null,
      detail jsonb not null,
      run text,
      last_run text,
      occurrences bigint not null default 1,
      opened_at timestamptz not null default now(),
      last_at timestamptz not null default now(),
      closed_at timestamptz
    )`,
    sql`create unique index incidents_open on incidents (subject_type, subject, kind) where closed_at is null`,
    sql`create index incidents_closed on incidents (closed_at) where closed_at is not null`,
    sql`create table notices (
      id bigserial primary key,
      incident bigint not null references incidents on delete cascade,
      event text not null,
      due_at timestamptz not null default now(),
      claimed_until timestamptz,
      told_at timestamptz,
      told_as text,
      message text,
      unique (incident, event)
    )`,
    sql`create index notices_due on notices (id) where told_at is null`,
    sql`create index notices_told on notices (told_at) where told_at is not null`,
    sql`create table deliveries (
      key text not null,
      target text not null,
      sent_at timestamptz not null default now(),
      primary key (key, target)
    )`,
    sql`create index deliveries_by_age on deliveries (sent_at)`,
    sql`insert into deliveries (key, target, sent_at) select run || '.' || kind, 'mail', sent_at from notifications`,
    sql`drop table notifications`,
    sql`alter table syncs add column resumed_at timestamptz`,
  ];
  for (const statement of statements) await statement.execute(db);
}
