import { type Kysely, sql } from 'kysely';
import { MIGRATIONS } from './migrate.ts';
import type { LedgerSchema } from './schema.ts';

export interface LedgerState {
  /** Version of PostgreSQL. */
  readonly server: string;
  /** Migrations of this program that are not applied. */
  readonly pending: readonly string[];
  /** Applied migrations that this program does not know: a newer one made them. */
  readonly unknown: readonly string[];
}

export async function ledgerState(db: Kysely<LedgerSchema>): Promise<LedgerState> {
  const { rows } = await sql<{ server: string; migrated: boolean }>`
    select current_setting('server_version') as server, to_regclass('kysely_migration') is not null as migrated`.execute(
    db,
  );
  const applied = rows[0]?.migrated
    ? (await sql<{ name: string }>`select name from kysely_migration`.execute(db)).rows.map(
        ({ name }) => name,
      )
    : [];
  const known = Object.keys(MIGRATIONS);
  return {
    server: rows[0]?.server ?? '',
    pending: known.filter((name) => !applied.includes(name)),
    unknown: applied.filter((name) => !known.includes(name)),
  };
}

/** @returns how far this process's clock is ahead of the ledger's, in milliseconds */
export async function clockOffset(db: Kysely<LedgerSchema>): Promise<number> {
  const asked = Date.now();
  const { rows } = await sql<{ now: Date }>`select clock_timestamp() as now`.execute(db);
  return Math.round((asked + Date.now()) / 2 - (rows[0]?.now.getTime() ?? NaN));
}
