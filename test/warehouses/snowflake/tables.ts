/** Tables as the set-up page of Snowflake has them, in the words of the server. */
import type { StandInRow, TableSpec } from '../stand-in.ts';

export const DEFAULT_SCHEMA = 'BRAZE_CDI';
export const PAYLOAD_TYPES = ['VARCHAR', 'VARIANT', 'OBJECT', 'MAP'];
export const TIMESTAMP_TYPES = ['TIMESTAMP_NTZ', 'TIMESTAMP_LTZ', 'TIMESTAMP_TZ'];

type Role = keyof StandInRow;
type Columns = Readonly<Record<string, string>>;

const USER_ROLES = ['externalId', 'aliasName', 'aliasLabel', 'brazeId', 'email', 'phone'] as const;

function nameOf(role: string, columnCase: TableSpec['columnCase'] = 'upper'): string {
  const lower = role.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return columnCase === 'upper' ? lower.toUpperCase() : lower;
}

/** Types by column. */
export function columnsOf({ dataType, columnCase, ...spec }: Omit<TableSpec, 'name'>): Columns {
  const identifier = spec.identifierType === 'integer' ? 'NUMBER' : 'VARCHAR';
  const payload = spec.payloadType ?? 'VARCHAR';
  const identifiers: readonly Role[] = dataType === 'catalog' ? ['id'] : USER_ROLES;
  const types: Partial<Record<Role, string>> = {
    updatedAt: spec.timestampType ?? 'TIMESTAMP_NTZ',
    ...Object.fromEntries(identifiers.map((role) => [role, identifier])),
    ...(dataType === 'user_deletes' ? {} : { payload }),
    ...(dataType === 'catalog' ? { deleted: 'BOOLEAN' } : {}),
  };
  return Object.fromEntries(Object.entries(types).map(([role, type]) => [nameOf(role, columnCase), type]));
}

/** Values by column. */
export function rowsOf(
  rows: readonly StandInRow[],
  columnCase?: TableSpec['columnCase'],
): readonly Readonly<Record<string, unknown>>[] {
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([role, value]) => [nameOf(role, columnCase), value])),
  );
}
