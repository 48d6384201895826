/**
 * The SQL that Fabric is asked: plain SELECTs of what its warehouses and its SQL analytics endpoints both have. Texts are
 * varchar in UTF-8 there; nvarchar does not exist.
 */
import { CdiError } from '../../../model/errors.ts';
import type { Column, SourceColumns } from '../../../model/source-columns.ts';
import { hashedTexts } from '../../rows/user-hash.ts';
import type { ReadRange, SourceTable } from '../warehouse.ts';

export interface Query {
  readonly text: string;
  /** Of the parameters `@p1`, `@p2` and so on, each a varchar. */
  readonly values: readonly string[];
}

/** The columns that are read, as far as the table has them, after the text of UPDATED_AT. */
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

/** @returns the roles whose columns the read has, in their order */
export const rolesRead = (columns: SourceColumns): (typeof READ_ROLES)[number][] =>
  READ_ROLES.filter((role) => columns[role] !== undefined);

export function quote(identifier: string): string {
  return `[${identifier.replaceAll(']', ']]')}]`;
}

const LABEL_CHARACTERS = 128;

/** A label without anything that could end a comment or a quoted text. */
export const labelText = (label: string): string =>
  label.replaceAll(/[^\w .:-]/g, '_').slice(0, LABEL_CHARACTERS);

/**
 * Names the query in the customer's history: the label in the column `label` of queryinsights.exec_requests_history, the
 * comment in the text of what is running.
 */
export function withLabel(text: string, label: string): string {
  const said = labelText(label);
  return `/* ${said} */ ${text} OPTION (LABEL = '${said}')`;
}

const SECONDS = 'YYYY-MM-DDTHH:MM:SS.'.length;
const WIDTH = SECONDS + 6;

/** Style 126 leaves a fraction of zero out; the fixed-width form has six digits always, so that text order is time order. */
export function fullWidth(text: string): string {
  return text.length === WIDTH ? text : text.padEnd(SECONDS, '.').padEnd(WIDTH, '0').slice(0, WIDTH);
}

const tableOf = (source: SourceTable): string => `${quote(source.schema)}.${quote(source.table)}`;
const textOf = (instant: string): string => `CONVERT(varchar(27), ${instant}, 126)`;
const fromText = (parameter: string): string => `CAST(${parameter} AS datetime2(6))`;

/** A datetime, as GETDATE() in a view gives it, has thirds of milliseconds, which its own text would round. */
function instantOf(column: Column): string {
  const qualified = `t.${quote(column.name)}`;
  return column.type === 'datetime2' ? qualified : `CAST(${qualified} AS datetime2(6))`;
}

function valueText(column: Column): string {
  const qualified = `t.${quote(column.name)}`;
  // Its blanks fill the width of the column: they are no part of the value.
  if (column.type === 'char' || column.type === 'nchar') return `RTRIM(${qualified})`;
  const isText = column.kind === 'text' && column.type !== 'uniqueidentifier';
  return isText || column.kind === 'boolean' ? qualified : `CAST(${qualified} AS varchar(40))`;
}

/** The user's hash; see activities/rows/user-hash.ts. CONCAT cuts at 8,000 bytes unless one of its texts may be longer. */
function hashText(columns: SourceColumns): string {
  const texts = hashedTexts(columns, (column) => `COALESCE(${valueText(column)}, '')`);
  const joined = `CONCAT(CAST('' AS varchar(max)), ${texts.join(', CHAR(31), ')})`;
  return `LOWER(CONVERT(varchar(32), HASHBYTES('MD5', ${joined}), 2))`;
}

/** Hashes are written out: a thousand parameters would be too much. */
function digits(hash: string): string {
  if (!/^[0-9a-f]+$/.test(hash)) throw new CdiError('internal', 'What stands for a hash is none.');
  return `'${hash}'`;
}

/** What of a query follows FROM, with its values. */
function within(source: SourceTable, columns: SourceColumns, range: ReadRange): Query {
  const instant = instantOf(columns.updatedAt);
  const values: string[] = [];
  const next = (value: string): string => `@p${values.push(value)}`;
  const conditions: string[] = [];
  if (range.to !== null)
    conditions.push(`${instant} ${range.beforeTo ? '<' : '<='} ${fromText(next(range.to))}`);
  if (range.from !== null)
    conditions.push(`${instant} ${range.inclusive ? '>=' : '>'} ${fromText(next(range.from))}`);
  if (conditions.length === 0) conditions.push(`${instant} IS NOT NULL`);
  if (range.share) {
    const { low, high } = range.share;
    conditions.push(`LEFT(${hashText(columns)}, ${low.length}) BETWEEN ${digits(low)} AND ${digits(high)}`);
  }
  if (range.deletedOnly && columns.deleted) conditions.push(`t.${quote(columns.deleted.name)} = 1`);
  if (range.users) conditions.push(`${hashText(columns)} IN (${range.users.map(digits).join(', ')})`);
  return { text: `${tableOf(source)} AS t WHERE ${conditions.join(' AND ')}`, values };
}

/** Reads nothing, and so tells names and types of the columns of a table or view, with no right but SELECT. */
export function describeQuery(source: SourceTable): Query {
  return { text: `SELECT TOP (0) * FROM ${tableOf(source)}`, values: [] };
}

/** @param lagMs safety lag in milliseconds */
export function clockQuery(lagMs: number): Query {
  const upper = `DATEADD(millisecond, ${-Math.round(lagMs)}, c.now)`;
  return {
    text: `SELECT ${textOf('c.now')} AS now, ${textOf(upper)} AS upper FROM (SELECT SYSUTCDATETIME() AS now) AS c`,
    values: [],
  };
}

export function countAfterQuery(source: SourceTable, columns: SourceColumns, instant: string): Query {
  return countQuery(source, columns, { from: instant, inclusive: false, to: null });
}

export function countQuery(source: SourceTable, columns: SourceColumns, range: ReadRange): Query {
  const { text, values } = within(source, columns, range);
  return { text: `SELECT COUNT_BIG(*) AS found FROM ${text}`, values };
}

/** @param length how many of the hash's first hex digits make a group */
export function countByHashQuery(
  source: SourceTable,
  columns: SourceColumns,
  range: ReadRange,
  length: number,
): Query {
  const { text, values } = within(source, columns, range);
  const prefix = `LEFT(${hashText(columns)}, ${length})`;
  return {
    text: `SELECT ${prefix} AS prefix, COUNT_BIG(*) AS found FROM ${text} GROUP BY ${prefix}`,
    values,
  };
}

export function countWithoutTimestampQuery(source: SourceTable, columns: SourceColumns): Query {
  const qualified = `t.${quote(columns.updatedAt.name)}`;
  return {
    text: `SELECT COUNT_BIG(*) AS found FROM ${tableOf(source)} AS t WHERE ${qualified} IS NULL`,
    values: [],
  };
}

/**
 * The text of UPDATED_AT carries an alias of its own and ORDER BY names the qualified column: ordering by an alias
 * of the same name would order text.
 */
export function readQuery(
  source: SourceTable,
  columns: SourceColumns,
  range: ReadRange,
  limit: number,
): Query {
  const instant = instantOf(columns.updatedAt);
  const values = rolesRead(columns).flatMap((role, index) =>
    columns[role] ? [`${valueText(columns[role])} AS c${index}`] : [],
  );
  const { text, values: bound } = within(source, columns, range);
  const top = Number.isFinite(limit) ? `TOP (${limit}) ` : '';
  const selected = [`${textOf(instant)} AS wm`, ...values].join(', ');
  return { text: `SELECT ${top}${selected} FROM ${text} ORDER BY ${instant}`, values: bound };
}
