import { type Kysely, sql } from 'kysely';

/**
 * Parts that have outgrown a segment keep their digests with their bounds. Those that are known so far were divided by another hash of
 * the users, so that any of the parts to come may hold their rows. An upload says of which part of a table read whole it is.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table instant_parts add column dissolved boolean not null default false`.execute(db);
  await sql`
    insert into instant_parts (sync, instant, low, high, rows, digests, dissolved)
    select sync, instant, '', '', sum(octet_length(digests)) / 16, string_agg(digests, ''::bytea), true
    from instant_parts where digests is not null group by sync, instant`.execute(db);
  await sql`delete from instant_parts where not dissolved`.execute(db);
  await sql`alter table uploads add column part_low text collate "C", add column part_high text collate "C"`.execute(
    db,
  );
}
