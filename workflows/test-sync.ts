/** What the command line asks of a warehouse: it has no way to one of its own. */
import { step } from './activity-options.ts';

/** Connection test with a preview, left sealed in the ledger under this workflow's own id. */
export async function testSync(sync: string, preview: string): Promise<{ rows: number; rejected: number }> {
  return step('previewSource', sync, { sync, preview });
}

/** @returns the warehouse's present time */
export async function testCredential(credential: string): Promise<string> {
  return step('testCredential', credential, credential);
}
