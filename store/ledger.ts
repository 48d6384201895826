/** Opens the ledger: one connection pool, and one small object per table family over it. */
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { Definitions } from './definitions.ts';
import type { Keyring } from './keyring.ts';
import { Leases } from './leases.ts';
import { migrate } from './migrate.ts';
import { Notifications } from './notifications.ts';
import { Previews } from './previews.ts';
import { RejectedRows } from './rejected-rows.ts';
import { Runs } from './runs.ts';
import type { LedgerSchema } from './schema.ts';
import { Uploads } from './uploads.ts';
import { Watermarks } from './watermarks.ts';

export interface Ledger {
  readonly definitions: Definitions;
  readonly watermarks: Watermarks;
  readonly runs: Runs;
  readonly uploads: Uploads;
  readonly rejectedRows: RejectedRows;
  readonly leases: Leases;
  readonly previews: Previews;
  readonly notifications: Notifications;
  readonly keyring: Keyring;
  /** @returns names of the migrations applied now */
  migrate(): Promise<string[]>;
  close(): Promise<void>;
}

const BIGINT_OID = 20;

/** Reads bigint as number (nothing here counts beyond 2^53), everything else as the driver does. */
const types = new pg.TypeOverrides();
types.setTypeParser(BIGINT_OID, Number);

/**
 * @param options.url PostgreSQL URL
 * @param options.keyring opens and seals secrets and rows
 * @param options.connections size of the pool
 */
export function openLedger(options: { url: string; keyring: Keyring; connections?: number }): Ledger {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.connections ?? 10,
    types,
    application_name: 'braze-cdi',
    connectionTimeoutMillis: 5_000,
  });
  // An idle connection that breaks is replaced at its next use; without a listener it would end the process.
  pool.on('error', () => undefined);
  const db = new Kysely<LedgerSchema>({ dialect: new PostgresDialect({ pool }) });
  const { keyring } = options;
  return {
    definitions: new Definitions(db, keyring),
    watermarks: new Watermarks(db),
    runs: new Runs(db),
    uploads: new Uploads(db, keyring),
    rejectedRows: new RejectedRows(db, keyring),
    leases: new Leases(db),
    previews: new Previews(db, keyring),
    notifications: new Notifications(db),
    keyring,
    migrate: () => migrate(db),
    close: () => db.destroy(),
  };
}
