import type { LedgerSchema } from './schema.ts';

/** Which tables a backup holds; the others hold what is of use for minutes only. */
const LEDGER_TABLES: Record<keyof LedgerSchema, 'saved' | 'passing'> = {
  workspaces: 'saved',
  credentials: 'saved',
  syncs: 'saved',
  watermarks: 'saved',
  runs: 'saved',
  instant_parts: 'saved',
  lookback_digests: 'saved',
  uploads: 'saved',
  confirmed_groups: 'saved',
  possibly_doubled: 'saved',
  rejected_rows: 'saved',
  incidents: 'saved',
  notices: 'saved',
  deliveries: 'saved',
  corrections: 'saved',
  api_keys: 'saved',
  leases: 'passing',
  previews: 'passing',
  api_sessions: 'passing',
  workers: 'passing',
  rate_leases: 'passing',
};

/** Every table of the ledger. */
export const ALL_TABLES = Object.keys(LEDGER_TABLES);
/** Those that a backup holds. */
export const SAVED_TABLES = Object.entries(LEDGER_TABLES)
  .filter(([, kind]) => kind === 'saved')
  .map(([table]) => table);
