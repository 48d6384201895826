/** Which columns of a table a data type reads, and what is wrong with a table. Source: reference of CDI tables. */
import type { DataType } from './data-type.ts';
import { CdiError } from './errors.ts';

/** Kinds of column types that a warehouse reports, as far as they matter here. */
export type ColumnKind = 'timestamp' | 'text' | 'json' | 'boolean' | 'integer' | 'other';

export interface Column {
  /** As the warehouse spells it. */
  readonly name: string;
  readonly kind: ColumnKind;
  /** The warehouse's own type, for messages and for the SQL of that warehouse. */
  readonly type: string;
}

/** The columns to read, by role; roles that the table lacks are absent. */
export interface SourceColumns {
  readonly updatedAt: Column;
  readonly externalId?: Column;
  readonly aliasName?: Column;
  readonly aliasLabel?: Column;
  readonly brazeId?: Column;
  readonly email?: Column;
  readonly phone?: Column;
  readonly id?: Column;
  readonly payload?: Column;
  readonly deleted?: Column;
}
export type ColumnRole = keyof SourceColumns;

interface ColumnRule {
  readonly name: string;
  readonly kinds: readonly ColumnKind[];
  /** What the kinds are, in words. */
  readonly wanted: string;
}

const identifier = (name: string): ColumnRule => ({ name, kinds: ['text', 'integer'], wanted: 'text' });

/** What each column is called and may hold. */
export const COLUMN_RULES: Readonly<Record<ColumnRole, ColumnRule>> = {
  updatedAt: { name: 'UPDATED_AT', kinds: ['timestamp'], wanted: 'a timestamp' },
  externalId: identifier('EXTERNAL_ID'),
  aliasName: identifier('ALIAS_NAME'),
  aliasLabel: identifier('ALIAS_LABEL'),
  brazeId: identifier('BRAZE_ID'),
  email: identifier('EMAIL'),
  phone: identifier('PHONE'),
  id: identifier('ID'),
  payload: { name: 'PAYLOAD', kinds: ['text', 'json'], wanted: 'text or JSON' },
  deleted: { name: 'DELETED', kinds: ['boolean'], wanted: 'a boolean' },
};

const DELETE_IDENTIFIERS = ['externalId', 'aliasName', 'aliasLabel', 'brazeId'] as const;
const USER_IDENTIFIERS = [...DELETE_IDENTIFIERS, 'email', 'phone'] as const;
const userColumns = ['updatedAt', ...USER_IDENTIFIERS, 'payload'] as const;

/** The columns that a data type reads, in the order in which a table lists them. */
export const COLUMNS_OF: Readonly<Record<DataType, readonly ColumnRole[]>> = {
  attributes: userColumns,
  events: userColumns,
  purchases: userColumns,
  user_deletes: ['updatedAt', ...DELETE_IDENTIFIERS],
  catalog: ['updatedAt', 'id', 'payload', 'deleted'],
};

/** Columns without which nothing can be read. Of the identifiers of users any one will do. */
const REQUIRED: ReadonlySet<ColumnRole> = new Set(['updatedAt', 'id', 'payload']);

/** What is wrong with a column, or with its absence. */
export interface ColumnFault {
  readonly type: 'column_missing' | 'column_forbidden' | 'column_type';
  readonly role: ColumnRole;
  readonly message: string;
}

/** @returns everything for which a data type cannot read a table with these columns; empty where nothing is wrong */
export function columnFaults(dataType: DataType, columns: readonly Column[]): ColumnFault[] {
  const roles = COLUMNS_OF[dataType];
  const faults = roles.flatMap((role) => faultOf(role, columns) ?? []);
  const missing = (role: ColumnRole, message: string): ColumnFault => ({
    type: 'column_missing',
    role,
    message,
  });
  if (dataType === 'user_deletes' && named('payload', columns).length > 0) {
    faults.push({
      type: 'column_forbidden',
      role: 'payload',
      message: 'The source has a column PAYLOAD, which user deletes forbid.',
    });
  }
  const identifiers = roles.filter((role) => USER_IDENTIFIERS.some((known) => known === role));
  const has = (role: ColumnRole): boolean => named(role, columns).length > 0;
  if (identifiers.length > 0 && has('aliasName') !== has('aliasLabel')) {
    const message = 'ALIAS_NAME and ALIAS_LABEL are required together; the source has only one of them.';
    faults.push(missing(has('aliasName') ? 'aliasLabel' : 'aliasName', message));
  }
  if (identifiers.length > 0 && !identifiers.some(has)) {
    const names = identifiers.map((role) => COLUMN_RULES[role].name).join(', ');
    faults.push(missing('externalId', `The source has no identifier column; it needs one of ${names}.`));
  }
  return faults;
}

/**
 * Finds the columns of a data type without regard to case. Extra columns are ignored.
 *
 * @throws CdiError `column_missing`, `column_forbidden` or `column_type`, naming the column
 */
export function resolveColumns(dataType: DataType, columns: readonly Column[]): SourceColumns {
  const [fault] = columnFaults(dataType, columns);
  if (fault) throw new CdiError(fault.type, fault.message);
  const found = COLUMNS_OF[dataType].map((role) => [role, columnOf(role, columns)] as const);
  return Object.fromEntries(found.filter(([, column]) => column !== undefined)) as unknown as SourceColumns;
}

function named(role: ColumnRole, columns: readonly Column[]): Column[] {
  return columns.filter(({ name }) => name.toUpperCase() === COLUMN_RULES[role].name);
}

/** Of several that differ only in case, the one spelled as documented; undefined where none is, or none is there. */
function columnOf(role: ColumnRole, columns: readonly Column[]): Column | undefined {
  const matches = named(role, columns);
  return (
    matches.find(({ name }) => name === COLUMN_RULES[role].name) ??
    (matches.length === 1 ? matches[0] : undefined)
  );
}

function faultOf(role: ColumnRole, columns: readonly Column[]): ColumnFault | undefined {
  const { name, kinds, wanted } = COLUMN_RULES[role];
  const column = columnOf(role, columns);
  if (column) {
    if (kinds.includes(column.kind)) return undefined;
    const message = `The column ${column.name} is of type ${column.type}; it must be ${wanted}.`;
    return { type: 'column_type', role, message };
  }
  if (named(role, columns).length > 0) {
    const message = `The source has several columns named ${name} that differ only in case.`;
    return { type: 'column_type', role, message };
  }
  if (!REQUIRED.has(role)) return undefined;
  return { type: 'column_missing', role, message: `The source has no column ${name}.` };
}
