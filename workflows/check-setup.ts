import type { CheckedSetup, CheckSetupInput } from '../activities/check-setup.ts';
import { step } from './activity-options.ts';

/** Tests whether a credential can read a table that no sync needs to read yet. */
export async function checkSetup(input: CheckSetupInput): Promise<CheckedSetup> {
  return step('checkSetup', `${input.source.schema}.${input.source.table}`, input);
}
