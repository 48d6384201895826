/** What to do about a test that failed, in the statements of the warehouse. */
import type { CredentialDefinition, SyncDefinition } from '../../model/definitions.ts';
import type { ErrorType } from '../../model/errors.ts';
import type { Instruction, SetupAccount, SetupProblem, SetupSource } from '../../model/setup/setup-guide.ts';
import { setupGuide } from '../../model/setup/setup-guides.ts';
import type { Session } from '../session.ts';
import { executeSetupCheck, type TestFailure } from './execute-test.ts';
import { requireCredential } from './require-credential.ts';

/** @param credential undefined: names are proposed */
export async function setupAccount(
  session: Session,
  credential: CredentialDefinition | undefined,
): Promise<SetupAccount> {
  return {
    credential,
    principal: credential && (await principalOf(session, credential)),
    egress: session.settings.egress ?? [],
  };
}

/** The secrets are opened only where the definition alone does not tell who logs in. */
async function principalOf(
  { ledger }: Session,
  { name, warehouse }: CredentialDefinition,
): Promise<string | undefined> {
  const guide = setupGuide(warehouse);
  if (!guide.principal) return undefined;
  return ledger.definitions
    .credential(name)
    .then(({ secrets }) => guide.principal?.(secrets))
    .catch(() => undefined);
}

export function remedyFor(
  problem: SetupProblem,
  source: SetupSource,
  account: SetupAccount,
): Instruction | undefined {
  return account.credential && setupGuide(account.credential.warehouse).remedy(problem, source, account);
}

/** Puts the remedy beside what a test of a sync found out; where none can be had, the failure stays as it is. */
export async function withSyncRemedy(
  session: Session,
  failure: TestFailure,
  { credential: name, source, data_type: dataType }: SyncDefinition,
): Promise<TestFailure> {
  const target: SetupSource = { dataType, schema: source.schema, table: source.table };
  try {
    const account = await setupAccount(session, await requireCredential(session, name));
    const columns = failure.type.startsWith('column_')
      ? (await executeSetupCheck(session, name, target)).columns
      : undefined;
    return failure.with(remedyFor({ type: failure.type, columns }, target, account));
  } catch {
    return failure;
  }
}

/** Errors whose remedy names no table. */
const OF_THE_ACCOUNT: readonly ErrorType[] = [
  'credentials_invalid',
  'warehouse_unreachable',
  'warehouse_busy',
];

/** The same for the test of a credential, which knows of no table. */
export async function withCredentialRemedy(
  session: Session,
  failure: TestFailure,
  credential: CredentialDefinition,
): Promise<TestFailure> {
  if (!OF_THE_ACCOUNT.includes(failure.type)) return failure;
  const anyTable = setupGuide(credential.warehouse).proposedSource('attributes');
  return failure.with(remedyFor({ type: failure.type }, anyTable, await setupAccount(session, credential)));
}
