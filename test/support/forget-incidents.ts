/** Lets a test begin without open incidents, and without what others told just before. */
import pg from 'pg';
import type { Installation } from './installation.ts';

export async function forgetIncidents({ environment }: Installation): Promise<void> {
  const ledger = new pg.Client({ connectionString: environment['CDI_LEDGER_URL'] });
  await ledger.connect();
  try {
    await ledger.query('truncate incidents cascade');
  } finally {
    await ledger.end();
  }
}
