/** The tables, views and columns of a set-up guide, in the SQL of a warehouse. */
import type { DataType } from '../data-type.ts';
import {
  COLUMN_RULES,
  COLUMNS_OF,
  type Column,
  type ColumnFault,
  type ColumnRole,
  columnFaults,
} from '../source-columns.ts';
import type { Instruction, SetupSource } from './setup-guide.ts';

/** How a warehouse writes what the guides have in common. */
export interface SqlDialect {
  /** Quotes one name, whatever it holds. */
  quote(name: string): string;
  /** The qualified, quoted name of a table or view. */
  tableName(source: SetupSource, table: string): string;
  readonly columnCase: 'upper' | 'lower';
  readonly types: {
    readonly timestamp: string;
    readonly identifier: string;
    readonly payload: string;
    readonly deleted: string;
  };
  /** What follows the type of UPDATED_AT. */
  readonly updatedAtRest: string;
  readonly createTable: string;
  /** What follows the columns; begins with a space or a line break. */
  readonly tableRest: string;
  readonly addColumn: string;
  /** Makes a CREATE VIEW stand beside other statements; undefined where a semicolon is enough. */
  viewStatement?(createView: string): string;
  /** Of a view; the statement that lets the account read it. */
  grantSelect(source: SetupSource, view: string): string;
}

const PAYLOAD_COMMENTS: Readonly<Record<Exclude<DataType, 'user_deletes'>, string>> = {
  attributes:
    'the attributes as JSON, without identifiers: {"first_name": "Ada", "loyalty": {"tier": "gold"}}',
  events:
    'one event as JSON, without identifiers: {"name": "quiz_finished", "time": "2026-05-01T10:00:00Z", "properties": {"score": 8}}',
  purchases:
    'one purchase as JSON, without identifiers: {"product_id": "sku-1", "currency": "EUR", "price": 12.50, "quantity": 1}',
  catalog: 'the fields of the item as JSON, without its id: {"name": "Kettle", "price": 39.9}',
};

/** Comments hold neither a name that somebody chose nor a semicolon: no client may take one for the end of a statement. */
function commentOf(role: ColumnRole, dataType: DataType): string | undefined {
  switch (role) {
    case 'updatedAt':
      return 'when the row was written, in UTC: set it anew with every change';
    case 'externalId':
      return dataType === 'user_deletes'
        ? 'whom to delete: one identifier a row, EXTERNAL_ID, or ALIAS_NAME with ALIAS_LABEL, or BRAZE_ID'
        : 'one identifier a row: EXTERNAL_ID, or ALIAS_NAME with ALIAS_LABEL, or BRAZE_ID, or EMAIL, or PHONE';
    case 'aliasName':
      return 'an alias needs both its name and its label';
    case 'brazeId':
      return dataType === 'user_deletes'
        ? undefined
        : 'given by the Braze SDK: updates users, never creates one';
    case 'email':
      return 'where a row has both, EMAIL counts';
    case 'id':
      return 'the id of the item: 1 to 250 letters, digits, - and _';
    case 'payload':
      return dataType === 'user_deletes' ? undefined : PAYLOAD_COMMENTS[dataType];
    case 'deleted':
      return 'true: the item is removed, whatever PAYLOAD holds';
    default:
      return undefined;
  }
}

function typeOf(dialect: SqlDialect, role: ColumnRole): string {
  if (role === 'updatedAt') return dialect.types.timestamp;
  if (role === 'payload' || role === 'deleted') return dialect.types[role];
  return dialect.types.identifier;
}

const nameOf = (dialect: SqlDialect, role: ColumnRole): string => {
  const { name } = COLUMN_RULES[role];
  return dialect.columnCase === 'upper' ? name : name.toLowerCase();
};

/** @returns the statement that makes a table with every column of the data type */
export function createTable(dialect: SqlDialect, source: SetupSource): string {
  const { dataType } = source;
  const roles = COLUMNS_OF[dataType];
  const lines = roles.flatMap((role, index) => {
    const comment = commentOf(role, dataType);
    const end = index === roles.length - 1 ? '' : ',';
    const definition = `${nameOf(dialect, role)} ${typeOf(dialect, role)}${restOf(dialect, role, dataType)}${end}`;
    return [...(comment === undefined ? [] : [`-- ${comment}`]), definition];
  });
  if (dataType === 'user_deletes')
    lines.push('-- no PAYLOAD: the row is the deletion, and a table with one is refused');
  return [
    `${dialect.createTable} ${dialect.tableName(source, source.table)} (`,
    ...lines.map((line) => `  ${line}`),
    `)${dialect.tableRest};`,
  ].join('\n');
}

/** A row that removes an item of a catalog needs no payload. */
function restOf(dialect: SqlDialect, role: ColumnRole, dataType: DataType): string {
  if (role === 'updatedAt') return dialect.updatedAtRest;
  return role === 'id' || (role === 'payload' && dataType !== 'catalog') ? ' NOT NULL' : '';
}

/**
 * What to do about columns that are missing, forbidden or of a wrong type.
 *
 * @param columns those of the table; undefined where they are not known
 * @returns undefined where nothing is wrong with them, or nothing can be said
 */
export function columnRemedy(
  dialect: SqlDialect,
  type: ColumnFault['type'],
  source: SetupSource,
  columns: readonly Column[] | undefined,
): Instruction | undefined {
  if (!columns) return undefined;
  const faults = columnFaults(source.dataType, columns);
  if (!faults.some((fault) => fault.type === type)) return undefined;
  if (type !== 'column_missing') return viewRemedy(dialect, source, columns, faults);
  const missing = faults.filter((fault) => fault.type === type);
  return {
    text:
      'Add what is missing. Rows that are there already have no value in a new column: fill it, UPDATED_AT above all, for ' +
      'rows without it are never sent. Where the source is a view, add the column to its SELECT instead.',
    sql: missing
      .map(
        ({ role }) =>
          `ALTER TABLE ${dialect.tableName(source, source.table)} ${dialect.addColumn} ${nameOf(dialect, role)} ${typeOf(dialect, role)};`,
      )
      .join('\n'),
  };
}

/** Reads through a view that leaves out what is forbidden and casts what has a wrong type. */
function viewRemedy(
  dialect: SqlDialect,
  source: SetupSource,
  columns: readonly Column[],
  faults: readonly ColumnFault[],
): Instruction {
  const selected = COLUMNS_OF[source.dataType].flatMap((role) => {
    const spelled = columns.filter(({ name }) => name.toUpperCase() === COLUMN_RULES[role].name);
    const column = spelled.find(({ name }) => name === COLUMN_RULES[role].name) ?? spelled[0];
    if (!column) return [];
    const name = dialect.quote(column.name);
    const isWrong = faults.some((fault) => fault.role === role && fault.type === 'column_type');
    if (!isWrong || spelled.length > 1) return [name];
    return [`CAST(${name} AS ${typeOf(dialect, role)}) AS ${nameOf(dialect, role)}`];
  });
  const view = `${source.table}${dialect.columnCase === 'upper' ? '_FOR_BRAZE' : '_for_braze'}`;
  const createView = [
    `CREATE VIEW ${dialect.tableName(source, view)} AS`,
    `SELECT ${selected.join(', ')}`,
    `FROM ${dialect.tableName(source, source.table)}`,
  ].join('\n');
  const statement = dialect.viewStatement?.(createView) ?? `${createView};`;
  return {
    text:
      `Read through a view, and name it as \`table\` under \`source\` of the sync file: ${JSON.stringify(view)}. ` +
      'Where a column is cast, look whether the values survive it.',
    sql: [statement, dialect.grantSelect(source, view)].join('\n'),
  };
}
