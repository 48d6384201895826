/** `cdi setup --check`: tests an account and a table through a worker, and says what is still missing. */
import type { CredentialDefinition } from '../../model/definitions.ts';
import type { ErrorType } from '../../model/errors.ts';
import type { Instruction, SetupAccount, SetupSource } from '../../model/setup/setup-guide.ts';
import { columnFaults } from '../../model/source-columns.ts';
import { CommandError, EXIT } from '../command-error.ts';
import { instructionText } from '../output/instruction.ts';
import type { Output } from '../output/output.ts';
import type { Session } from '../session.ts';
import { executeSetupCheck, TestFailure } from './execute-test.ts';
import { remedyFor } from './remedy.ts';

/** One thing that is missing, with what to do about it. */
interface Finding {
  readonly type: ErrorType;
  readonly message: string;
  /** The vendor's own code. */
  readonly code: string | null;
  readonly remedy: Instruction | undefined;
}

/** @throws CommandError `failed` with what is missing; `unreachable` where no worker takes the check up */
export async function checkSetup(
  session: Session,
  output: Output,
  source: SetupSource,
  account: SetupAccount & { readonly credential: CredentialDefinition },
): Promise<void> {
  const { name } = account.credential;
  const { dataType, schema, table } = source;
  const subject = { credential: name, dataType, schema, table };
  try {
    const { now, columns } = await executeSetupCheck(session, name, source);
    const findings = columnFaults(dataType, columns).map(({ type, message }): Finding => ({
      type,
      message,
      code: null,
      remedy: remedyFor({ type, columns }, source, account),
    }));
    if (output.json) {
      const passed = findings.length === 0;
      output.print(JSON.stringify({ ...subject, passed, warehouseTime: now, columns, findings }));
    }
    if (findings.length > 0) throw new CommandError(EXIT.failed, findingsText(source, findings));
    if (output.json) return;
    output.print(`${name}: connected; the clock of the warehouse says ${now}.`);
    const types = columns.map((column) => `${column.name} ${column.type}`);
    output.print(`${schema}.${table}: can be read; ${types.join(', ')}.`);
    output.print('Nothing is missing.');
  } catch (error) {
    if (!(error instanceof TestFailure)) throw error;
    const remedy = remedyFor({ type: error.type }, source, account);
    if (output.json) {
      const finding: Finding = { type: error.type, message: error.finding, code: error.vendorCode, remedy };
      output.print(JSON.stringify({ ...subject, passed: false, findings: [finding] }));
    }
    throw error.with(remedy);
  }
}

/** Findings with the same remedy share it. */
function findingsText({ schema, table }: SetupSource, findings: readonly Finding[]): string {
  const byRemedy = Map.groupBy(findings, ({ remedy }) => (remedy ? instructionText(remedy) : ''));
  return [...byRemedy]
    .map(([remedy, group]) =>
      [
        ...group.map(({ type, message }) => `${schema}.${table}: ${message} (${type})`),
        ...(remedy === '' ? [] : [`\n${remedy}\n`]),
      ].join('\n'),
    )
    .join('\n')
    .trimEnd();
}
