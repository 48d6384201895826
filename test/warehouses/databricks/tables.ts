/** Makes and fills tables as the set-up page of Databricks has them. */
import type { SourceTable } from '../../../activities/warehouses/warehouse.ts';
import { LARGE_TABLE_START, ROWS_PER_INSTANT } from '../conformance/large-table.ts';
import type { StandInRow, TableSpec } from '../stand-in.ts';

export const DEFAULT_SCHEMA = 'cdi';
/** Views of this schema are seen by every session, and may have any name. */
export const ANY_NAME_SCHEMA = 'global_temp';
export const PAYLOAD_TYPES = ['STRING', 'STRUCT', 'MAP<STRING, STRING>', 'VARCHAR(65535)'];
export const TIMESTAMP_TYPES = ['TIMESTAMP', 'TIMESTAMP_NTZ'];

type Role = keyof StandInRow;
type Spec = Omit<TableSpec, 'name' | 'schema'>;

export interface TableColumn {
  readonly role: Role;
  readonly name: string;
  readonly type: string;
}

/** A text of any content. */
export const literal = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
export const quote = (name: string): string => `\`${name.replaceAll('`', '``')}\``;
export const qualified = ({ schema, table }: SourceTable): string => `${quote(schema)}.${quote(table)}`;

const MICROSECONDS = '2026-01-31T12:00:00.123456'.length;

/** @param structType of a payload that is a STRUCT, which depends on what is in it */
export function columnsOf(
  { dataType, columnCase = 'lower', ...spec }: Spec,
  structType = 'STRUCT',
): TableColumn[] {
  const identifier = spec.identifierType === 'integer' ? 'BIGINT' : 'STRING';
  const payload = spec.payloadType === 'STRUCT' ? structType : (spec.payloadType ?? 'STRING');
  const types: Partial<Record<Role, string>> = {
    updatedAt: spec.timestampType ?? 'TIMESTAMP',
    ...(dataType === 'catalog'
      ? { id: identifier, payload, deleted: 'BOOLEAN' }
      : {
          externalId: identifier,
          aliasName: identifier,
          aliasLabel: identifier,
          brazeId: identifier,
          email: identifier,
          phone: identifier,
          ...(dataType === 'user_deletes' ? {} : { payload }),
        }),
  };
  return Object.entries(types).map(([role, type]) => {
    const lower = role.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    return { role: role as Role, name: columnCase === 'upper' ? lower.toUpperCase() : lower, type };
  });
}

export function createStatement(source: SourceTable, columns: readonly TableColumn[]): string {
  const list = columns.map(({ name, type }) => `${quote(name)} ${type}`);
  return `create table ${qualified(source)} (${list.join(', ')}) using parquet`;
}

/** @param rows at least one */
export function insertStatement(
  source: SourceTable,
  columns: readonly TableColumn[],
  rows: readonly StandInRow[],
): string {
  const values = rows.map((row) => `(${columns.map((column) => valueOf(row, column)).join(', ')})`);
  return `insert into ${qualified(source)} values ${values.join(', ')}`;
}

function valueOf(row: StandInRow, { role, type }: TableColumn): string {
  const value = row[role];
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'boolean') return String(value);
  if (type.startsWith('TIMESTAMP')) return `${type} ${literal(value.slice(0, MICROSECONDS))}`;
  if (/^(STRUCT|MAP)/.test(type)) return `from_json(${literal(value)}, ${literal(type)})`;
  return type === 'BIGINT' ? `cast(${literal(value)} as bigint)` : literal(value);
}

/** See large-table.ts; `n / 4 * 4` keeps four rows to an instant. */
export function largeTableStatement(source: SourceTable, rows: number, payloadBytes: number): string {
  const start = Date.parse(`${LARGE_TABLE_START}Z`) * 1_000;
  const others = columnsOf({ dataType: 'attributes' }).map(({ role, name, type }) => {
    if (role === 'updatedAt')
      return `timestamp_micros(${start} + (id div ${ROWS_PER_INSTANT}) * 1000) as ${name}`;
    if (role === 'externalId') return `concat('u', id) as ${name}`;
    if (role === 'payload')
      return `concat('{"n":', id, ',"text":"', repeat('x', ${payloadBytes}), '"}') as ${name}`;
    return `cast(null as ${type}) as ${name}`;
  });
  return `create table ${qualified(source)} using parquet as select ${others.join(', ')} from range(${rows})`;
}
