/** `cdi credential list|test|delete`. Adding one is an apply of its file; see apply.ts. */
import type { CredentialDefinition } from '../../model/definitions.ts';
import { CdiError } from '../../model/errors.ts';
import { credentialKind } from '../../model/warehouse-credentials.ts';
import { CommandError, EXIT } from '../command-error.ts';
import type { Output } from '../output/output.ts';
import { table } from '../output/table.ts';
import type { Session } from '../session.ts';
import { confirm } from './delete.ts';
import { executeCredentialTest, TestFailure } from './execute-test.ts';
import { withCredentialRemedy } from './remedy.ts';
import { requireCredential } from './require-credential.ts';

export async function listCredentials(session: Session, output: Output): Promise<void> {
  const credentials = await session.ledger.definitions.credentials();
  const syncs = (await session.ledger.definitions.syncs()).filter((sync) => sync.deletedAt === null);
  const usersOf = (name: string): string[] =>
    syncs.filter((sync) => sync.definition.credential === name).map((sync) => sync.name);
  if (output.json) {
    output.print(
      JSON.stringify(
        credentials.map(({ definition }) => ({
          ...withoutSecrets(definition),
          usedBy: usersOf(definition.name),
        })),
      ),
    );
    return;
  }
  const rows = credentials.map(({ definition }) => [
    definition.name,
    definition.warehouse,
    credentialKind(definition).account(definition),
    usersOf(definition.name).join(', ') || '–',
  ]);
  output.print(table(['CREDENTIAL', 'WAREHOUSE', 'ACCOUNT', 'USED BY'], rows));
}

/** @throws CommandError `notFound`, or `failed` with what to do */
export async function testOneCredential(session: Session, output: Output, name: string): Promise<void> {
  const credential = await requireCredential(session, name);
  try {
    const time = await executeCredentialTest(session, name);
    output.print(
      output.json
        ? JSON.stringify({ credential: name, passed: true, warehouseTime: time })
        : `${name}: connected; the clock of the warehouse says ${time}.`,
    );
  } catch (error) {
    if (!(error instanceof TestFailure)) throw error;
    const failure = await withCredentialRemedy(session, error, credential);
    if (output.json) {
      const { type, finding: message, vendorCode: code, remedy } = failure;
      output.print(JSON.stringify({ credential: name, passed: false, type, message, code, remedy }));
    }
    throw failure;
  }
}

/** @throws CommandError `notFound`; `usage` where a sync uses it */
export async function deleteCredential(
  session: Session,
  output: Output,
  name: string,
  yes: boolean,
): Promise<void> {
  await requireCredential(session, name);
  await confirm(output, `Delete the credential ${name}?`, yes);
  try {
    await session.ledger.definitions.deleteCredential(name);
  } catch (error) {
    if (!(error instanceof CdiError)) throw error;
    throw new CommandError(
      EXIT.usage,
      `${error.message} Delete those syncs, or give them another credential, first.`,
    );
  }
  output.print(output.json ? JSON.stringify({ deleted: name }) : `${name}: deleted.`);
}

/** References to secrets tell where they are kept, which is nobody's business here. */
function withoutSecrets(definition: CredentialDefinition): Record<string, unknown> & { name: string } {
  const hidden = new Set(credentialKind(definition).secrets);
  const shown = (value: object, path: string): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(value)
        .filter(([key]) => !hidden.has(path + key))
        .map(([key, member]: [string, unknown]) => [
          key,
          typeof member === 'object' && member !== null ? shown(member, `${path}${key}.`) : member,
        ]),
    );
  return { ...shown(definition, ''), name: definition.name };
}
