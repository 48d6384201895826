/** Brings the ledger's tables to the version of this program. */
import type { Kysely } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { CdiError } from '../model/errors.ts';
import * as first from './migrations/0001-first-ledger.ts';
import * as partsAndLookback from './migrations/0002-parts-and-lookback.ts';
import * as heldRunsAndCorrections from './migrations/0003-held-runs-and-corrections.ts';
import * as apiKeysAndSessions from './migrations/0004-api-keys-and-sessions.ts';
import * as incidents from './migrations/0005-incidents.ts';
import * as verification from './migrations/0006-verification.ts';
import * as severalWorkers from './migrations/0007-several-workers.ts';
import * as openedSegment from './migrations/0008-opened-segment.ts';
import * as dissolvedParts from './migrations/0009-dissolved-parts.ts';
import type { LedgerSchema } from './schema.ts';

/** In order; a released migration is never changed, a new one is added below. */
export const MIGRATIONS: Record<string, Migration> = {
  '0001-first-ledger': first,
  '0002-parts-and-lookback': partsAndLookback,
  '0003-held-runs-and-corrections': heldRunsAndCorrections,
  '0004-api-keys-and-sessions': apiKeysAndSessions,
  '0005-incidents': incidents,
  '0006-verification': verification,
  '0007-several-workers': severalWorkers,
  '0008-opened-segment': openedSegment,
  '0009-dissolved-parts': dissolvedParts,
};

/**
 * Applies what is missing. Safe to call from several processes at once: a lock in the database orders them.
 *
 * @returns names of the migrations that were applied now
 * @throws CdiError `internal` where a migration fails, or the database is newer than this program
 */
export async function migrate(db: Kysely<LedgerSchema>): Promise<string[]> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } });
  const { error, results } = await migrator.migrateToLatest();
  if (error !== undefined) {
    throw new CdiError('internal', 'The ledger could not be migrated; is it newer than this program?', {
      cause: error,
    });
  }
  return (results ?? [])
    .filter((result) => result.status === 'Success')
    .map((result) => result.migrationName);
}
