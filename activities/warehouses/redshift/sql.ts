/**
 * The SQL that Redshift is asked. Plain SELECTs only: no cursors, no portals with a row limit, no COPY, nothing that
 * PostgreSQL has and Redshift lacks.
 */
import type { Column, SourceColumns } from '../../../model/source-columns.ts';
import { hashedTexts } from '../../rows/user-hash.ts';
import type { ReadRange, SourceTable } from '../warehouse.ts';

export interface Query {
  readonly text: string;
  readonly values: readonly string[];
}

/** The longest text that a function returns; a SUPER value may hold more. */
const LONGEST_VARCHAR_BYTES = 65_535;

/** The fixed-width form of UPDATED_AT: UTC, microseconds, so that text order is time order. */
const FORM = 'YYYY-MM-DD HH24:MI:SS.US';

/** Order of the columns of a read; MAINTENANCE: `ROW_FIELDS` in rows/row-fields.ts names the same order. */
export const READ_ROLES = [
  'externalId',
  'aliasName',
  'aliasLabel',
  'brazeId',
  'email',
  'phone',
  'id',
  'payload',
  'deleted',
] as const;

export function quote(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}

const tableOf = (source: SourceTable): string => `${quote(source.schema)}.${quote(source.table)}`;

/** `timestamptz` needs its zone taken off before it is written as text; `timestamp` is UTC by the contract. */
const hasZone = (column: Column): boolean => column.type === 'timestamptz';

function instantText(column: Column): string {
  const qualified = `t.${quote(column.name)}`;
  return hasZone(column)
    ? `to_char(${qualified} at time zone 'UTC', '${FORM}')`
    : `to_char(${qualified}, '${FORM}')`;
}

function instantParameter(column: Column, position: number): string {
  return hasZone(column) ? `$${position}::timestamp at time zone 'UTC'` : `$${position}::timestamp`;
}

/** @returns whether the column may hold what `large-payloads.ts` is for */
export function isSuper(column: Column | undefined): boolean {
  return column?.type === 'super';
}

function largeText(column: Column): string {
  const qualified = `t.${quote(column.name)}`;
  return `case when json_size(${qualified}) > ${LONGEST_VARCHAR_BYTES} then json_serialize_to_varbyte(${qualified}) end as large`;
}

function valueText(column: Column | undefined): string {
  if (!column) return 'null';
  const qualified = `t.${quote(column.name)}`;
  // Of NULL it would make the text `null`, and of what is too long an error that ends the query.
  if (isSuper(column))
    return `case when ${qualified} is not null and json_size(${qualified}) <= ${LONGEST_VARCHAR_BYTES} then json_serialize(${qualified}) end`;
  if (column.kind === 'json') return `${qualified}::text`;
  if (column.kind === 'integer') return `${qualified}::varchar(64)`;
  // Its blanks fill the width of the column: they are no part of the value.
  if (column.type === 'char') return `rtrim(${qualified})`;
  return qualified;
}

/** The user's hash; see activities/rows/user-hash.ts. */
function hashText(columns: SourceColumns): string {
  const texts = hashedTexts(columns, (column) => `coalesce(${valueText(column)}::varchar, '')`);
  return `md5(${texts.join(' || chr(31) || ')})`;
}

/** What of a query follows `from`, with its values. */
function within(source: SourceTable, columns: SourceColumns, range: ReadRange): Query {
  const qualified = `t.${quote(columns.updatedAt.name)}`;
  const values: string[] = [];
  const next = (value: string): number => values.push(value);
  const instant = (value: string): string => instantParameter(columns.updatedAt, next(value));
  const conditions: string[] = [];
  if (range.to !== null) conditions.push(`${qualified} ${range.beforeTo ? '<' : '<='} ${instant(range.to)}`);
  if (range.from !== null)
    conditions.push(`${qualified} ${range.inclusive ? '>=' : '>'} ${instant(range.from)}`);
  if (conditions.length === 0) conditions.push(`${qualified} is not null`);
  if (range.share) {
    const { low, high } = range.share;
    conditions.push(`left(${hashText(columns)}, ${low.length}) between $${next(low)} and $${next(high)}`);
  }
  if (range.deletedOnly && columns.deleted) conditions.push(`t.${quote(columns.deleted.name)}`);
  if (range.users) {
    const list = range.users.map((hash) => `$${next(hash)}`);
    conditions.push(`${hashText(columns)} in (${list.join(', ')})`);
  }
  return { text: `${tableOf(source)} t where ${conditions.join(' and ')}`, values };
}

/** Reads nothing, and so tells names and types of the columns of a table or view, with no right but SELECT. */
export function describeQuery(source: SourceTable): Query {
  return { text: `select * from ${tableOf(source)} limit 0`, values: [] };
}

/** @param lagMs safety lag in milliseconds */
export function clockQuery(lagMs: number): Query {
  return {
    text:
      `select to_char(now() at time zone 'UTC', '${FORM}') as now, ` +
      `to_char((now() - $1::float8 * interval '1 millisecond') at time zone 'UTC', '${FORM}') as upper`,
    values: [String(lagMs)],
  };
}

export function countAfterQuery(source: SourceTable, columns: SourceColumns, instant: string): Query {
  const column = columns.updatedAt;
  return {
    text: `select count(*) as rows from ${tableOf(source)} t where t.${quote(column.name)} > ${instantParameter(column, 1)}`,
    values: [instant],
  };
}

export function countQuery(source: SourceTable, columns: SourceColumns, range: ReadRange): Query {
  const { text, values } = within(source, columns, range);
  return { text: `select count(*) as rows from ${text}`, values };
}

/** @param digits how many of the hash's first hex digits make a group */
export function countByHashQuery(
  source: SourceTable,
  columns: SourceColumns,
  range: ReadRange,
  digits: number,
): Query {
  const { text, values } = within(source, columns, range);
  return {
    text: `select left(${hashText(columns)}, ${digits}) as prefix, count(*) as rows from ${text} group by 1`,
    values,
  };
}

export function countWithoutTimestampQuery(source: SourceTable, columns: SourceColumns): Query {
  return {
    text: `select count(*) as rows from ${tableOf(source)} t where t.${quote(columns.updatedAt.name)} is null`,
    values: [],
  };
}

/**
 * The text of UPDATED_AT carries an alias of its own and ORDER BY names the qualified column: ordering by an alias
 * of the same name would order text, and use no sort key.
 */
export function readQuery(
  source: SourceTable,
  columns: SourceColumns,
  range: ReadRange,
  limit: number,
): Query {
  const column = columns.updatedAt;
  const qualified = `t.${quote(column.name)}`;
  const selected = [
    `${instantText(column)} as wm`,
    ...READ_ROLES.map((role, index) => `${valueText(columns[role])} as c${index}`),
    ...(columns.payload && isSuper(columns.payload) ? [largeText(columns.payload)] : []),
  ];
  const { text, values } = within(source, columns, range);
  const rows = Number.isFinite(limit) ? ` limit ${limit}` : '';
  return { text: `select ${selected.join(', ')} from ${text} order by ${qualified}${rows}`, values };
}
