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

const USER_COLUMNS = {
  externalId: 'EXTERNAL_ID',
  aliasName: 'ALIAS_NAME',
  aliasLabel: 'ALIAS_LABEL',
  brazeId: 'BRAZE_ID',
  email: 'EMAIL',
  phone: 'PHONE',
} as const;

/**
 * Finds the columns of a data type without regard to case. Extra columns are ignored.
 *
 * @throws CdiError `column_missing`, `column_forbidden` or `column_type`, naming the column
 */
export function resolveColumns(dataType: DataType, columns: readonly Column[]): SourceColumns {
  const find = (name: string): Column | undefined => {
    const matches = columns.filter((column) => column.name.toUpperCase() === name);
    const exact = matches.find((column) => column.name === name);
    if (matches.length > 1 && !exact) {
      throw new CdiError(
        'column_type',
        `The source has several columns named ${name} that differ only in case.`,
      );
    }
    return exact ?? matches[0];
  };
  const require = (name: string): Column => {
    const column = find(name);
    if (!column) throw new CdiError('column_missing', `The source has no column ${name}.`);
    return column;
  };
  const check = (column: Column, kinds: readonly ColumnKind[], wanted: string): Column => {
    if (kinds.includes(column.kind)) return column;
    throw new CdiError(
      'column_type',
      `The column ${column.name} is of type ${column.type}; it must be ${wanted}.`,
    );
  };
  const optional = (name: string, kinds: readonly ColumnKind[], wanted: string): Column | undefined => {
    const column = find(name);
    return column && check(column, kinds, wanted);
  };

  const updatedAt = check(require('UPDATED_AT'), ['timestamp'], 'a timestamp');
  const payload = (): Column => check(require('PAYLOAD'), ['text', 'json'], 'text or JSON');

  if (dataType === 'catalog') {
    return defined({
      updatedAt,
      id: check(require('ID'), ['text', 'integer'], 'text'),
      payload: payload(),
      deleted: optional('DELETED', ['boolean'], 'a boolean'),
    });
  }

  const isDelete = dataType === 'user_deletes';
  if (isDelete && find('PAYLOAD')) {
    throw new CdiError('column_forbidden', 'The source has a column PAYLOAD, which user deletes forbid.');
  }
  const identifiers = Object.fromEntries(
    Object.entries(USER_COLUMNS)
      .filter(([role]) => !isDelete || (role !== 'email' && role !== 'phone'))
      .map(([role, name]) => [role, optional(name, ['text', 'integer'], 'text')]),
  ) as Partial<Record<keyof typeof USER_COLUMNS, Column>>;
  if (!identifiers.aliasName !== !identifiers.aliasLabel) {
    throw new CdiError(
      'column_missing',
      'ALIAS_NAME and ALIAS_LABEL are required together; the source has only one of them.',
    );
  }
  if (Object.values(identifiers).every((column) => column === undefined)) {
    const names = Object.entries(USER_COLUMNS)
      .filter(([role]) => !isDelete || (role !== 'email' && role !== 'phone'))
      .map(([, name]) => name);
    throw new CdiError(
      'column_missing',
      `The source has no identifier column; it needs one of ${names.join(', ')}.`,
    );
  }
  return defined({ updatedAt, ...identifiers, payload: isDelete ? undefined : payload() });
}

/** Leaves out the roles whose column is undefined. */
function defined(
  columns: { updatedAt: Column } & { [role in keyof SourceColumns]?: Column | undefined },
): SourceColumns {
  return Object.fromEntries(
    Object.entries(columns).filter(([, column]) => column !== undefined),
  ) as unknown as SourceColumns;
}
