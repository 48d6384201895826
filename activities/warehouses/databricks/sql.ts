/**
 * The SQL that Databricks is asked. The catalog is that of the session. Values stand in the text, each in a form that has no
 * room for a quote: a statement takes 256 parameters at most, and a driver that meets an older server drops them silently.
 */
import { CdiError } from '../../../model/errors.ts';
import type { Column, SourceColumns } from '../../../model/source-columns.ts';
import { hashedTexts } from '../../rows/user-hash.ts';
import type { ReadRange, SourceTable } from '../warehouse.ts';

/** The fixed-width form of UPDATED_AT: microseconds in the zone of the session, which is UTC. */
const FORM = 'yyyy-MM-dd HH:mm:ss.SSSSSS';

/** What the session must answer to `checkQuery`; it writes other times wrongly too if it does not. */
export const CHECK_ANSWER = '2001-02-03 04:05:06.123456';
const CHECK_MICROSECONDS = '981173106123456';

/** A read selects those of them that the table has, under these names, after `wm`, the text of UPDATED_AT. */
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
  return `\`${identifier.replaceAll('`', '``')}\``;
}

const tableOf = (source: SourceTable): string => `${quote(source.schema)}.${quote(source.table)}`;
const qualified = (column: Column): string => `t.${quote(column.name)}`;

/** A label as it may stand in a comment and in a header: it can end neither. */
export function labelText(label: string): string {
  return label.replace(/[^\w .:@+-]/g, '_').slice(0, 120);
}

/** A comment that names us in the query history and the cost reports of the workspace. */
export function labelComment(label: string): string {
  return `/* ${labelText(label)} */ `;
}

/** Takes the type of the column that it is compared with, be it TIMESTAMP or TIMESTAMP_NTZ. */
function instantLiteral(instant: string): string {
  if (/^[-+]?\d{4,6}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/.test(instant)) return `'${instant}'`;
  throw new CdiError('internal', 'A time is not in the form in which Databricks is asked.');
}

function hashLiteral(digits: string): string {
  if (/^[0-9a-f]{1,32}$/.test(digits)) return `'${digits}'`;
  throw new CdiError('internal', "A user's hash is not in the form in which Databricks is asked.");
}

const timeText = (expression: string): string => `date_format(${expression}, '${FORM}')`;

/** `to_json` leaves out the fields of a STRUCT that are NULL. */
function valueText(column: Column): string {
  if (column.kind === 'json') return `to_json(${qualified(column)})`;
  // Its blanks fill the width of the column: they are no part of the value.
  if (column.type === 'CHAR') return `rtrim(${qualified(column)})`;
  if (column.kind === 'text') return qualified(column);
  return `cast(${qualified(column)} as string)`;
}

/** The user's hash; see activities/rows/user-hash.ts. */
function hashText(columns: SourceColumns): string {
  const texts = hashedTexts(columns, (column) => `coalesce(${valueText(column)}, '')`);
  return `md5(concat(${texts.join(', chr(31), ')}))`;
}

/** What of a query follows `from`. */
function within(source: SourceTable, columns: SourceColumns, range: ReadRange): string {
  const updatedAt = qualified(columns.updatedAt);
  const conditions: string[] = [];
  if (range.to !== null)
    conditions.push(`${updatedAt} ${range.beforeTo ? '<' : '<='} ${instantLiteral(range.to)}`);
  if (range.from !== null)
    conditions.push(`${updatedAt} ${range.inclusive ? '>=' : '>'} ${instantLiteral(range.from)}`);
  if (conditions.length === 0) conditions.push(`${updatedAt} is not null`);
  if (range.share) {
    const { low, high } = range.share;
    const prefix = `substring(${hashText(columns)}, 1, ${low.length})`;
    conditions.push(`${prefix} between ${hashLiteral(low)} and ${hashLiteral(high)}`);
  }
  if (range.deletedOnly && columns.deleted) conditions.push(qualified(columns.deleted));
  if (range.users) conditions.push(`${hashText(columns)} in (${range.users.map(hashLiteral).join(', ')})`);
  return `${tableOf(source)} t where ${conditions.join(' and ')}`;
}

/** Whether the session writes times as they are read here: in UTC, with microseconds. */
export function checkQuery(): string {
  return `select ${timeText(`timestamp_micros(${CHECK_MICROSECONDS})`)} as form`;
}

/** Reads nothing, and so tells names and types of the columns of a table or view, with no right but SELECT. */
export function describeQuery(source: SourceTable): string {
  return `select * from ${tableOf(source)} limit 0`;
}

/** @param lagMs safety lag in milliseconds */
export function clockQuery(lagMs: number): string {
  const lagged = `timestamp_micros(unix_micros(current_timestamp()) - ${Math.round(lagMs * 1_000)})`;
  return `select ${timeText('current_timestamp()')} as now, ${timeText(lagged)} as upper`;
}

/** Counts come as text, like everything else. */
const COUNT = 'cast(count(*) as string) as rows';

export function countAfterQuery(source: SourceTable, columns: SourceColumns, instant: string): string {
  return `select ${COUNT} from ${tableOf(source)} t where ${qualified(columns.updatedAt)} > ${instantLiteral(instant)}`;
}

export function countQuery(source: SourceTable, columns: SourceColumns, range: ReadRange): string {
  return `select ${COUNT} from ${within(source, columns, range)}`;
}

/** @param digits how many of the hash's first hex digits make a group */
export function countByHashQuery(
  source: SourceTable,
  columns: SourceColumns,
  range: ReadRange,
  digits: number,
): string {
  const prefix = `substring(${hashText(columns)}, 1, ${digits})`;
  return `select ${prefix} as prefix, ${COUNT} from ${within(source, columns, range)} group by 1`;
}

export function countWithoutTimestampQuery(source: SourceTable, columns: SourceColumns): string {
  return `select ${COUNT} from ${tableOf(source)} t where ${qualified(columns.updatedAt)} is null`;
}

/**
 * The text of UPDATED_AT carries an alias of its own and ORDER BY names the qualified column: ordering by an alias
 * of the same name would order text, and skip no files.
 */
export function readQuery(
  source: SourceTable,
  columns: SourceColumns,
  range: ReadRange,
  limit: number,
): string {
  const updatedAt = qualified(columns.updatedAt);
  const selected = [`${timeText(updatedAt)} as wm`];
  for (const role of READ_ROLES) {
    const column = columns[role];
    if (column) selected.push(`${valueText(column)} as ${role}`);
  }
  const rows = Number.isFinite(limit) ? ` limit ${limit}` : '';
  return `select ${selected.join(', ')} from ${within(source, columns, range)} order by ${updatedAt}${rows}`;
}
