/** Makes and fills tables as the set-up page of Redshift has them. */
import pg from 'pg';
import type { SourceTable } from '../../../activities/warehouses/warehouse.ts';
import type { DataType } from '../../../model/data-type.ts';
import { LARGE_TABLE_START, ROWS_PER_INSTANT } from '../conformance/large-table.ts';
import type { StandInRow, TableSpec } from '../stand-in.ts';

export const DEFAULT_SCHEMA = 'cdi';
export const PAYLOAD_TYPES = ['varchar(65535)', 'super', 'text'];
export const TIMESTAMP_TYPES = ['timestamptz', 'timestamp'];

type Role = keyof StandInRow;
type Columns = Partial<Record<Role, { readonly name: string; readonly type: string }>>;

/** PostgreSQL would round what it does not keep. */
const MICROSECONDS = '2026-01-31T12:00:00.123456'.length;
const quote = (name: string): string => pg.escapeIdentifier(name);
export const qualified = ({ schema, table }: SourceTable): string => `${quote(schema)}.${quote(table)}`;

function columnsOf({ dataType, columnCase = 'lower', ...spec }: Omit<TableSpec, 'name'>): Columns {
  const identifier = spec.identifierType === 'integer' ? 'bigint' : 'varchar(1000)';
  const updatedAt = spec.timestampType ?? TIMESTAMP_TYPES[0] ?? '';
  const payload = spec.payloadType ?? PAYLOAD_TYPES[0] ?? '';
  const users: Partial<Record<Role, string>> = {
    externalId: identifier,
    aliasName: identifier,
    aliasLabel: identifier,
    brazeId: identifier,
    email: identifier,
    phone: identifier,
  };
  const types: Partial<Record<Role, string>> =
    dataType === 'catalog'
      ? { updatedAt, id: identifier, payload, deleted: 'boolean' }
      : { updatedAt, ...users, ...(dataType === 'user_deletes' ? {} : { payload }) };
  return Object.fromEntries(
    Object.entries(types).map(([role, type]) => {
      const lower = role.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      return [role, { name: columnCase === 'upper' ? lower.toUpperCase() : lower, type }];
    }),
  );
}

/** Makes a table that the user may read. */
export async function createTable(admin: pg.Client, user: string, spec: TableSpec): Promise<SourceTable> {
  const source = { schema: spec.schema ?? DEFAULT_SCHEMA, table: spec.name };
  const list = Object.values(columnsOf(spec)).map(({ name, type }) => `${quote(name)} ${type}`);
  const schema = quote(source.schema);
  await admin.query(`create schema if not exists ${schema}; grant usage on schema ${schema} to ${user}`);
  await admin.query(`create table ${qualified(source)} (${list.join(', ')})`);
  await admin.query(`grant select on ${qualified(source)} to ${user}`);
  return source;
}

export async function insertRows(
  admin: pg.Client,
  source: SourceTable,
  spec: Omit<TableSpec, 'name'>,
  rows: readonly StandInRow[],
): Promise<void> {
  const columns = Object.entries(columnsOf(spec)) as [Role, { name: string }][];
  const objects = rows.map((row) =>
    Object.fromEntries(
      columns.map(([role, { name }]) => {
        const value = row[role] ?? null;
        return [name, role === 'updatedAt' ? asTime(row.updatedAt) : value];
      }),
    ),
  );
  await admin.query(
    `insert into ${qualified(source)} select * from json_populate_recordset(null::${qualified(source)}, $1::json)`,
    [JSON.stringify(objects)],
  );
}

const asTime = (updatedAt: string | null): string | null =>
  updatedAt === null ? null : `${updatedAt.slice(0, MICROSECONDS)}Z`;

/** See large-table.ts. */
export async function fillLargeTable(
  admin: pg.Client,
  source: SourceTable,
  rows: number,
  payloadBytes: number,
): Promise<void> {
  await admin.query(
    `insert into ${qualified(source)} (updated_at, external_id, payload)
      select timestamptz '${LARGE_TABLE_START}Z' + (n / ${ROWS_PER_INSTANT}) * interval '1 millisecond',
        'u' || n, '{"n":' || n || ',"text":"' || repeat('x', $2) || '"}'
      from generate_series(0, $1::int - 1) n`,
    [rows, payloadBytes],
  );
  await admin.query(`create index on ${qualified(source)} (updated_at); `);
}

/** How a table of a data type is filled later, when nothing else is known of it. */
export const plainSpec = (dataType: DataType): Omit<TableSpec, 'name'> => ({ dataType });
