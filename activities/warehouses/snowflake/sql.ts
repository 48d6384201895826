/** The SQL that Snowflake is asked. Values are bound as text, names are quoted: Snowflake then takes them as they are spelled. */
import type { Column, SourceColumns } from '../../../model/source-columns.ts';
import { hashedTexts } from '../../rows/user-hash.ts';
import type { ReadRange, SourceTable } from '../warehouse.ts';

export interface Query {
  readonly text: string;
  readonly values: readonly string[];
}

/** The fixed-width form of UPDATED_AT: UTC, nanoseconds, so that text order is time order. */
const FORM = `'YYYY-MM-DD"T"HH24:MI:SS.FF9'`;
const FORM_WITH_ZONE = `'YYYY-MM-DD"T"HH24:MI:SS.FF9TZHTZM'`;

/** What a read may select, in this order, after the text of UPDATED_AT. */
const READ_ROLES = [
  'externalId',
  'aliasName',
  'aliasLabel',
  'brazeId',
  'email',
  'phone',
  'id',
  'payload',
  'deleted',
] as const satisfies readonly (keyof SourceColumns)[];
export type ReadRole = (typeof READ_ROLES)[number];

export function quote(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}

/** @returns the roles that a read of these columns selects: what the table lacks is not asked for */
export function readRoles(columns: SourceColumns): readonly ReadRole[] {
  return READ_ROLES.filter((role) => columns[role] !== undefined);
}

const tableOf = (source: SourceTable): string => `${quote(source.schema)}.${quote(source.table)}`;

const qualified = (column: Column): string => `t.${quote(column.name)}`;

/** TIMESTAMP_NTZ is UTC by the contract; the other two know their zone. */
const hasZone = (column: Column): boolean => column.type !== 'TIMESTAMP_NTZ';

function instantText(column: Column): string {
  const own = qualified(column);
  return `TO_VARCHAR(${hasZone(column) ? `CONVERT_TIMEZONE('UTC', ${own})` : own}, ${FORM})`;
}

/** The bound text of an instant, as the type of the column that it is compared with: the column itself stays untouched. */
function boundInstant(column: Column): string {
  return hasZone(column)
    ? `TO_TIMESTAMP_TZ(? || '+0000', ${FORM_WITH_ZONE})`
    : `TO_TIMESTAMP_NTZ(?, ${FORM})`;
}

function valueText(column: Column): string {
  const own = qualified(column);
  if (column.kind === 'json') return `TO_JSON(${column.type === 'VARIANT' ? own : `TO_VARIANT(${own})`})`;
  return column.kind === 'text' ? own : `TO_VARCHAR(${own})`;
}

/** The user's hash; see activities/rows/user-hash.ts. */
function hashText(columns: SourceColumns): string {
  const texts = hashedTexts(columns, (column) => `COALESCE(${valueText(column)}, '')`);
  return `MD5(${texts.join(' || CHR(31) || ')})`;
}

/** What of a query follows FROM, with its values. */
function within(source: SourceTable, columns: SourceColumns, range: ReadRange): Query {
  const { updatedAt, deleted } = columns;
  const time = qualified(updatedAt);
  const values: string[] = [];
  const conditions: string[] = [];
  const compare = (operator: string, instant: string): void => {
    conditions.push(`${time} ${operator} ${boundInstant(updatedAt)}`);
    values.push(instant);
  };
  if (range.to !== null) compare(range.beforeTo ? '<' : '<=', range.to);
  if (range.from !== null) compare(range.inclusive ? '>=' : '>', range.from);
  if (conditions.length === 0) conditions.push(`${time} IS NOT NULL`);
  if (range.share) {
    const { low, high } = range.share;
    conditions.push(`LEFT(${hashText(columns)}, ${low.length}) BETWEEN ? AND ?`);
    values.push(low, high);
  }
  if (range.deletedOnly && deleted) conditions.push(qualified(deleted));
  if (range.users) {
    conditions.push(`${hashText(columns)} IN (${range.users.map(() => '?').join(', ')})`);
    values.push(...range.users);
  }
  return { text: `${tableOf(source)} AS t WHERE ${conditions.join(' AND ')}`, values };
}

/** Reads nothing, and so tells names and types of the columns of a table or view, with no right but SELECT. */
export function describeQuery(source: SourceTable): Query {
  return { text: `SELECT * FROM ${tableOf(source)} LIMIT 0`, values: [] };
}

/** Needs no virtual warehouse. Null where the session has none. */
export const CURRENT_WAREHOUSE: Query = { text: 'SELECT CURRENT_WAREHOUSE()', values: [] };

/** @param lagMs safety lag in milliseconds */
export function clockQuery(lagMs: number): Query {
  return {
    text:
      `SELECT TO_VARCHAR(c.now, ${FORM}), TO_VARCHAR(DATEADD(millisecond, ${-Math.round(lagMs)}, c.now), ${FORM}) ` +
      'FROM (SELECT SYSDATE() AS now) AS c',
    values: [],
  };
}

export function countQuery(source: SourceTable, columns: SourceColumns, range: ReadRange): Query {
  const { text, values } = within(source, columns, range);
  return { text: `SELECT COUNT(*) FROM ${text}`, values };
}

export function countAfterQuery(source: SourceTable, columns: SourceColumns, instant: string): Query {
  return countQuery(source, columns, { from: instant, inclusive: false, to: null });
}

/** @param digits how many of the hash's first hex digits make a group */
export function countByHashQuery(
  source: SourceTable,
  columns: SourceColumns,
  range: ReadRange,
  digits: number,
): Query {
  const { text, values } = within(source, columns, range);
  return { text: `SELECT LEFT(${hashText(columns)}, ${digits}), COUNT(*) FROM ${text} GROUP BY 1`, values };
}

export function countWithoutTimestampQuery(source: SourceTable, columns: SourceColumns): Query {
  return {
    text: `SELECT COUNT(*) FROM ${tableOf(source)} AS t WHERE ${qualified(columns.updatedAt)} IS NULL`,
    values: [],
  };
}

/** Sorts by the column itself: its text has an alias of its own, for ORDER BY would take that of the column's name. */
export function readQuery(
  source: SourceTable,
  columns: SourceColumns,
  range: ReadRange,
  limit: number,
): Query {
  const selected = [
    `${instantText(columns.updatedAt)} AS wm`,
    ...readRoles(columns).flatMap((role, index) => {
      const column = columns[role];
      return column ? `${valueText(column)} AS c${index}` : [];
    }),
  ];
  const { text, values } = within(source, columns, range);
  const rows = Number.isFinite(limit) ? ` LIMIT ${limit}` : '';
  return {
    text: `SELECT ${selected.join(', ')} FROM ${text} ORDER BY ${qualified(columns.updatedAt)}${rows}`,
    values,
  };
}
