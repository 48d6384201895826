/** What a failed run asks of the warehouse's administrator, in the statements of that warehouse. */
import type { SyncDefinition } from '../model/definitions.ts';
import type { ErrorType } from '../model/errors.ts';
import { checkCommand } from '../model/setup/definition-steps.ts';
import type { Instruction, SetupSource } from '../model/setup/setup-guide.ts';
import { setupGuide } from '../model/setup/setup-guides.ts';
import type { Ledger } from '../store/ledger.ts';

export interface SetupAdvice {
  /** Undefined where only the check can tell what to do. */
  readonly remedy: Instruction | undefined;
  /** The command that says what is missing. */
  readonly check: string;
}

const OF_THE_SETUP: ReadonlySet<ErrorType> = new Set([
  'credentials_invalid',
  'permission_denied',
  'table_missing',
  'column_missing',
  'column_forbidden',
  'column_type',
  'warehouse_unreachable',
  'warehouse_busy',
]);

/**
 * @param egress addresses from which this installation reaches the warehouse
 * @returns undefined for an error that has nothing to do with the set-up, and where the credential cannot be opened
 */
export async function setupAdvice(
  { definitions }: Ledger,
  { credential: name, source, data_type: dataType }: SyncDefinition,
  type: ErrorType | undefined,
  egress: readonly string[],
): Promise<SetupAdvice | undefined> {
  if (type === undefined || !OF_THE_SETUP.has(type)) return undefined;
  const credential = await definitions.credential(name).catch(() => undefined);
  if (!credential) return undefined;
  const { definition, secrets } = credential;
  const target: SetupSource = { dataType, schema: source.schema, table: source.table };
  const guide = setupGuide(definition.warehouse);
  const account = { credential: definition, principal: guide.principal?.(secrets), egress };
  return {
    remedy: guide.remedy({ type }, target, account),
    check: checkCommand(definition.warehouse, name, target),
  };
}
