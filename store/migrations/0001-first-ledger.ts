import { type Kysely, sql } from 'kysely';

/** The first ledger: definitions, watermarks, runs, confirmed batches, rejected rows. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const statements = [
    sql`create table workspaces (
      name text primary key,
      definition jsonb not null,
      secret bytea not null,
      fingerprint text not null,
      updated_at timestamptz not null default now()
    )`,
    sql`create table credentials (
      name text primary key,
      warehouse text not null,
      definition jsonb not null,
      secret bytea not null,
      fingerprint text not null,
      updated_at timestamptz not null default now()
    )`,
    sql`create table syncs (
      name text primary key,
      workspace text not null references workspaces,
      credential text not null references credentials,
      source text not null,
      data_type text not null,
      definition jsonb not null,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      deleted_at timestamptz,
      tested_at timestamptz,
      paused boolean not null default true,
      pause_note text,
      epoch bigint not null default 0,
      epoch_owner text,
      null_rows_counted_at timestamptz
    )`,
    sql`create unique index syncs_one_per_source on syncs (workspace, source) where deleted_at is null`,
    sql`create table watermarks (
      sync text primary key references syncs on delete cascade,
      value text,
      digests bytea not null,
      epoch bigint not null,
      segment bigint not null,
      committed_at timestamptz not null default now()
    )`,
    sql`create table runs (
      id text primary key,
      sync text not null,
      data_type text not null,
      workflow_run_id text not null,
      trigger text not null,
      status text not null,
      upper_bound text,
      watermark_before text,
      watermark_after text,
      read bigint not null default 0,
      sent bigint not null default 0,
      rejected bigint not null default 0,
      requests bigint not null default 0,
      possibly_doubled bigint not null default 0,
      future_rows bigint not null default 0,
      null_rows bigint not null default 0,
      warnings jsonb not null default '[]',
      error_type text,
      error_message text,
      error_code text,
      started_at timestamptz not null default now(),
      finished_at timestamptz
    )`,
    sql`create index runs_by_sync on runs (sync, started_at desc)`,
    sql`create index runs_open on runs (sync) where status in ('running', 'held')`,
    sql`create table uploads (
      sync text not null,
      epoch bigint not null,
      segment bigint not null,
      run text not null,
      rows bigint not null,
      reserved_to bigint not null,
      reserved jsonb,
      tail_value text,
      tail_digests bytea,
      completed_at timestamptz,
      primary key (sync, epoch, segment)
    )`,
    sql`create table confirmed_groups (
      id bigserial primary key,
      token uuid not null unique,
      sync text not null,
      epoch bigint not null,
      segment bigint not null,
      run text not null,
      batches integer[] not null,
      digests bytea not null,
      last_updated_at text collate "C" not null
    )`,
    sql`create index confirmed_groups_by_segment on confirmed_groups (sync, epoch, segment)`,
    sql`create table possibly_doubled (
      id bigserial primary key,
      run text not null,
      sync text not null,
      epoch bigint not null,
      segment bigint not null,
      first_batch integer not null,
      last_batch integer not null,
      rows integer not null,
      first_updated_at text not null,
      last_updated_at text not null,
      cause text not null,
      recorded_at timestamptz not null default now()
    )`,
    sql`create index possibly_doubled_by_run on possibly_doubled (run)`,
    sql`create table rejected_rows (
      id bigserial primary key,
      run text not null,
      sync text not null,
      code text not null,
      reason text not null,
      origin text not null,
      updated_at_text text not null,
      content bytea not null,
      rejected_at timestamptz not null default now()
    )`,
    sql`create index rejected_rows_by_run on rejected_rows (sync, run, id)`,
    sql`create table leases (
      sync text primary key,
      owner text not null,
      expires_at timestamptz not null
    )`,
    sql`create table previews (
      id text primary key,
      content bytea not null,
      created_at timestamptz not null default now()
    )`,
    sql`create table notifications (
      run text not null,
      kind text not null,
      sent_at timestamptz not null default now(),
      primary key (run, kind)
    )`,
  ];
  for (const statement of statements) await statement.execute(db);
}
