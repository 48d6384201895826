/** What the command line asks of a warehouse to reconcile a sync. */
import type { VerifySyncInput } from '../activities/verify-sync.ts';
import type { Verification } from '../model/reconciliation.ts';
import { step } from './activity-options.ts';

export async function verifySync(input: VerifySyncInput): Promise<Verification> {
  return step('verifySync', input.sync, input);
}
