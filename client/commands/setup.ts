/** `cdi setup`: what has to be done in a warehouse before a sync can run. */
import { DATA_TYPES, type DataType } from '../../model/data-type.ts';
import type { CredentialDefinition } from '../../model/definitions.ts';
import { parseEgress } from '../../model/egress.ts';
import type { SetupAccount, SetupSource, SetupStep } from '../../model/setup/setup-guide.ts';
import { setupGuide } from '../../model/setup/setup-guides.ts';
import { type Warehouse, WAREHOUSES } from '../../model/warehouse-credentials.ts';
import { CommandError, EXIT } from '../command-error.ts';
import { nearestName } from '../definitions/nearest-name.ts';
import { instructionText } from '../output/instruction.ts';
import type { Output } from '../output/output.ts';
import type { Session } from '../session.ts';
import { setupAccount } from './remedy.ts';
import { requireCredential } from './require-credential.ts';

/** As the command line gives them. */
export interface SetupOptions {
  readonly type: string;
  readonly schema?: string;
  readonly table?: string;
  readonly credential?: string;
  readonly egress: readonly string[];
  readonly sql: boolean;
  readonly check: boolean;
}

export interface SetupRequest {
  readonly warehouse: Warehouse;
  readonly source: SetupSource;
}

/** @throws CommandError `usage` */
export function parseSetup(warehouse: string, options: SetupOptions): SetupRequest {
  const { type, schema, table } = options;
  if (options.check && (options.credential === undefined || schema === undefined || table === undefined))
    throw new CommandError(EXIT.usage, '--check needs --credential, --schema and --table.');
  const known = oneOf('a warehouse', warehouse, WAREHOUSES);
  const dataType: DataType = oneOf('a data type', type, DATA_TYPES);
  const proposed = setupGuide(known).proposedSource(dataType);
  return {
    warehouse: known,
    source: {
      dataType,
      schema: nameOf('--schema', schema) ?? proposed.schema,
      table: nameOf('--table', table) ?? proposed.table,
    },
  };
}

/** What is known without a ledger. @throws CommandError `usage` */
export function undeclaredAccount(egress: readonly string[], setting: readonly string[]): SetupAccount {
  return { credential: undefined, principal: undefined, egress: egressOf(egress, setting) };
}

/** @throws CommandError `notFound`; `usage` where the credential is for another warehouse */
export async function declaredAccount(
  session: Session,
  name: string,
  warehouse: Warehouse,
  egress: readonly string[],
): Promise<SetupAccount & { readonly credential: CredentialDefinition }> {
  const credential = await requireCredential(session, name);
  if (credential.warehouse !== warehouse)
    throw new CommandError(
      EXIT.usage,
      `The credential ${name} is for ${credential.warehouse}, not for ${warehouse}.`,
    );
  const account = await setupAccount(session, credential);
  return { ...account, credential, egress: egressOf(egress, account.egress) };
}

/** Prints the steps, or their statements alone. */
export function showSetup(
  output: Output,
  { warehouse, source }: SetupRequest,
  account: SetupAccount,
  options: { readonly sql: boolean },
): void {
  const steps = setupGuide(warehouse).steps(source, account);
  if (output.json) {
    output.print(JSON.stringify({ warehouse, ...source, steps }));
    return;
  }
  output.print((options.sql ? statements(steps) : steps.map(stepText)).join('\n\n'));
}

const stepText = (step: SetupStep, index: number): string =>
  `${index + 1}. ${step.title}\n\n${instructionText(step)}\n`;

function statements(steps: readonly SetupStep[]): string[] {
  return steps.flatMap(({ title, sql }) =>
    sql === undefined ? [] : [`-- ${title}\n${instructionText({ text: '', sql }).trimStart()}`],
  );
}

function oneOf<T extends string>(what: string, written: string, known: readonly T[]): T {
  const found = known.find((name) => name === written);
  if (found) return found;
  const meant = nearestName(written, known);
  throw new CommandError(
    EXIT.usage,
    `\`${written}\` is not ${what}; ${meant === undefined ? `use one of ${known.join(', ')}` : `did you mean ${meant}?`}`,
  );
}

const LONGEST_NAME = 255;

function nameOf(option: string, name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  if (name !== '' && name.length <= LONGEST_NAME && !/\p{Cc}/u.test(name)) return name;
  throw new CommandError(
    EXIT.usage,
    `${option}: write a name of 1 to ${LONGEST_NAME} characters, without control characters.`,
  );
}

function egressOf(given: readonly string[], setting: readonly string[]): readonly string[] {
  if (given.length === 0) return setting;
  const addresses = parseEgress(given.join(','));
  if (addresses) return addresses;
  throw new CommandError(
    EXIT.usage,
    '--egress: write an IP address or a range, such as 203.0.113.7 or 203.0.113.16/28.',
  );
}
