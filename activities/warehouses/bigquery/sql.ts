/** The SQL that BigQuery is asked: GoogleSQL, SELECT only, and nothing of it changes with the customer's settings. */
import type { Column, SourceColumns } from '../../../model/source-columns.ts';
import type { SourceRow } from '../../../model/row.ts';
import { hashedTexts } from '../../rows/user-hash.ts';
import type { ReadRange, SourceTable } from '../warehouse.ts';

export interface Query {
  readonly text: string;
  /** Named parameters: texts and lists of texts, cast in the SQL. The driver's own timestamps would be sent with nine digits. */
  readonly params: Readonly<Record<string, string | readonly string[]>>;
}

export interface ReadQuery extends Query {
  /** What the selected columns hold, in their order. */
  readonly roles: readonly (keyof SourceRow)[];
}

/**
 * The fixed-width form of UPDATED_AT: UTC, microseconds, so that text order is time order. `%Y` would write as many
 * digits as the year takes.
 */
const FORM = '%E4Y-%m-%dT%H:%M:%E6SZ';

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
] as const;

/** Backticked names know the escapes of texts. Source: lexical structure of GoogleSQL, quoted identifiers. */
export function quote(identifier: string): string {
  return `\`${identifier.replace(/[\\`]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\r', '\\r')}\``;
}

const tableOf = (source: SourceTable): string => `${quote(source.schema)}.${quote(source.table)}`;

const qualified = (column: Column): string => `t.${quote(column.name)}`;

/** DATETIME has no zone and is UTC by the contract. The zone is named: a project may have another default. */
const instantText = (expression: string): string => `FORMAT_DATETIME('${FORM}', ${expression})`;

const utc = (timestamp: string): string => `DATETIME(${timestamp}, 'UTC')`;

const hasZone = (column: Column): boolean => column.type !== 'DATETIME';

const updatedAtText = (column: Column): string =>
  instantText(hasZone(column) ? utc(qualified(column)) : qualified(column));

/**
 * A JSON column arrives as its text. A STRUCT is written as JSON here: TO_JSON_STRING keeps every digit, for it writes a
 * number that a double cannot hold as a text; of NULL it would make the text `null`.
 */
function valueText(column: Column): string {
  const value = qualified(column);
  return column.type === 'STRUCT' ? `IF(${value} IS NULL, NULL, TO_JSON_STRING(${value}))` : value;
}

/** The user's hash; see activities/rows/user-hash.ts. */
function hashText(columns: SourceColumns): string {
  const texts = hashedTexts(columns, (column) => `IFNULL(CAST(${qualified(column)} AS STRING), '')`);
  return `TO_HEX(MD5(CONCAT(${texts.join(', CHR(31), ')})))`;
}

/** An instant in the form of UPDATED_AT, as a value of a column's type. */
function instantParameter(column: Column, name: string): string {
  return `CAST(@${name} AS ${hasZone(column) ? 'TIMESTAMP' : 'DATETIME'})`;
}

const instantValue = (column: Column, instant: string): string =>
  hasZone(column) ? instant : instant.replace(/Z$/, '');

/** What of a query follows FROM, with its parameters. Each filters by UPDATED_AT: a table may be partitioned by it. */
function within(source: SourceTable, columns: SourceColumns, range: ReadRange): Query {
  const { updatedAt } = columns;
  const time = qualified(updatedAt);
  const params: Record<string, string | readonly string[]> = {};
  const conditions: string[] = [];
  if (range.to !== null) {
    params['to'] = instantValue(updatedAt, range.to);
    conditions.push(`${time} ${range.beforeTo ? '<' : '<='} ${instantParameter(updatedAt, 'to')}`);
  }
  if (range.from !== null) {
    params['from'] = instantValue(updatedAt, range.from);
    conditions.push(`${time} ${range.inclusive ? '>=' : '>'} ${instantParameter(updatedAt, 'from')}`);
  }
  if (conditions.length === 0) conditions.push(`${time} IS NOT NULL`);
  if (range.share) {
    const { low, high } = range.share;
    params['low'] = low;
    params['high'] = high;
    conditions.push(`SUBSTR(${hashText(columns)}, 1, ${low.length}) BETWEEN @low AND @high`);
  }
  if (range.deletedOnly && columns.deleted) conditions.push(qualified(columns.deleted));
  if (range.users) {
    // The driver cannot tell the type of an empty list.
    if (range.users.length === 0) conditions.push('FALSE');
    else {
      params['users'] = range.users;
      conditions.push(`${hashText(columns)} IN UNNEST(@users)`);
    }
  }
  return { text: `${tableOf(source)} AS t WHERE ${conditions.join(' AND ')}`, params };
}

/** To be planned only, which tells names and types of the columns of a table or view. */
export function describeQuery(source: SourceTable): Query {
  return { text: `SELECT * FROM ${tableOf(source)} AS t`, params: {} };
}

/** The same of a table that must be filtered by UPDATED_AT, on which its partitions depend. */
export function describePartitionedQuery(source: SourceTable): Query {
  return { text: `${describeQuery(source).text} WHERE t.UPDATED_AT IS NOT NULL`, params: {} };
}

/** @param lagMs safety lag in milliseconds */
export function clockQuery(lagMs: number): Query {
  const now = 'CURRENT_TIMESTAMP()';
  const upper = `TIMESTAMP_SUB(${now}, INTERVAL ${Math.round(lagMs)} MILLISECOND)`;
  return {
    text: `SELECT ${instantText(utc(now))} AS wm, ${instantText(utc(upper))} AS upper_wm`,
    params: {},
  };
}

export function countAfterQuery(source: SourceTable, columns: SourceColumns, instant: string): Query {
  return countQuery(source, columns, { from: instant, inclusive: false, to: null });
}

export function countQuery(source: SourceTable, columns: SourceColumns, range: ReadRange): Query {
  const { text, params } = within(source, columns, range);
  return { text: `SELECT COUNT(*) AS n FROM ${text}`, params };
}

/** @param digits how many of the hash's first hex digits make a group */
export function countByHashQuery(
  source: SourceTable,
  columns: SourceColumns,
  range: ReadRange,
  digits: number,
): Query {
  const { text, params } = within(source, columns, range);
  const prefix = `SUBSTR(${hashText(columns)}, 1, ${digits})`;
  return { text: `SELECT ${prefix} AS prefix, COUNT(*) AS n FROM ${text} GROUP BY prefix`, params };
}

export function countWithoutTimestampQuery(source: SourceTable, columns: SourceColumns): Query {
  return {
    text: `SELECT COUNT(*) AS n FROM ${tableOf(source)} AS t WHERE ${qualified(columns.updatedAt)} IS NULL`,
    params: {},
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
): ReadQuery {
  const present = READ_ROLES.flatMap((role) => {
    const column = columns[role];
    return column ? [{ role, column }] : [];
  });
  const selected = [
    `${updatedAtText(columns.updatedAt)} AS wm`,
    ...present.map(({ column }, index) => `${valueText(column)} AS c${index}`),
  ];
  const { text, params } = within(source, columns, range);
  const rows = Number.isFinite(limit) ? ` LIMIT ${limit}` : '';
  return {
    text: `SELECT ${selected.join(', ')} FROM ${text} ORDER BY ${qualified(columns.updatedAt)}${rows}`,
    params,
    roles: ['updatedAt', ...present.map(({ role }) => role)],
  };
}
