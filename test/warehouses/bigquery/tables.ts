/** Makes and fills tables as the set-up page of BigQuery has them, in the emulator itself. */
import type { SourceTable } from '../../../activities/warehouses/warehouse.ts';
import type { DataType } from '../../../model/data-type.ts';
import { LARGE_TABLE_START, ROWS_PER_INSTANT } from '../conformance/large-table.ts';
import type { StandInRow, TableSpec } from '../stand-in.ts';
import type { Emulator } from './emulator.ts';
import { LOCATION } from './jobs.ts';
import { emulatorName } from './statement.ts';

export const DEFAULT_SCHEMA = 'cdi';
/** Its fields are those of the payloads that the suite puts into typed columns. */
const STRUCT =
  'STRUCT<name STRING, count INT64, price FLOAT64, flag BOOL, tags ARRAY<STRING>, nested STRUCT<text STRING, deep STRUCT<n INT64>>>';
export const PAYLOAD_TYPES = ['JSON', 'STRING', STRUCT];
export const TIMESTAMP_TYPES = ['TIMESTAMP', 'DATETIME'];
/** JSON of BigQuery keeps no spelling: a payload that is to be read as it was written is a STRING. */
const DEFAULT_PAYLOAD_TYPE = 'STRING';

type Role = keyof StandInRow;
type Spec = Omit<TableSpec, 'name'>;
interface TypedColumn {
  readonly name: string;
  readonly type: string;
}

const MICROSECONDS = '2026-01-31T12:00:00.123456'.length;
const ROWS_PER_REQUEST = 500;

/** As the emulator knows it. */
export const qualified = ({ schema, table }: SourceTable): string =>
  `\`${emulatorName(schema)}\`.\`${emulatorName(table)}\``;

function columnsOf({ dataType, columnCase = 'lower', ...spec }: Spec): [Role, TypedColumn][] {
  const identifier = spec.identifierType === 'integer' ? 'INT64' : 'STRING';
  const users = ['externalId', 'aliasName', 'aliasLabel', 'brazeId', 'email', 'phone'] as const;
  const payload = [['payload', spec.payloadType ?? DEFAULT_PAYLOAD_TYPE]] as const;
  const types: (readonly [Role, string])[] = [
    ['updatedAt', spec.timestampType ?? TIMESTAMP_TYPES[0] ?? ''],
    ...(dataType === 'catalog'
      ? ([['id', identifier], ...payload, ['deleted', 'BOOL']] as const)
      : [
          ...users.map((role) => [role, identifier] as const),
          ...(dataType === 'user_deletes' ? [] : payload),
        ]),
  ];
  return types.map(([role, type]) => {
    const lower = role.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    return [role, { name: columnCase === 'upper' ? lower.toUpperCase() : lower, type }];
  });
}

export async function createTable(emulator: Emulator, spec: TableSpec): Promise<SourceTable> {
  const source = { schema: spec.schema ?? DEFAULT_SCHEMA, table: spec.name };
  const datasetId = emulatorName(source.schema);
  await emulator.send('POST', '/datasets', {
    datasetReference: { projectId: emulator.project, datasetId },
    location: LOCATION,
  });
  const list = columnsOf(spec).map(([, { name, type }]) => `\`${name}\` ${type}`);
  await emulator.run(`CREATE TABLE ${qualified(source)} (${list.join(', ')})`);
  return source;
}

/** Puts rows in. @param spec of the table, as far as it was not left to its defaults */
export async function insertRows(
  emulator: Emulator,
  { schema, table }: SourceTable,
  spec: Spec,
  rows: readonly StandInRow[],
): Promise<void> {
  const columns = columnsOf(spec);
  const path = `/datasets/${emulatorName(schema)}/tables/${emulatorName(table)}/insertAll`;
  for (let at = 0; at < rows.length; at += ROWS_PER_REQUEST) {
    const group = rows.slice(at, at + ROWS_PER_REQUEST).map((row) => ({
      json: Object.fromEntries(columns.map(([role, column]) => [column.name, asJson(row, role, column)])),
    }));
    const { status, text } = await emulator.send('POST', path, { rows: group });
    const { insertErrors = [] } = JSON.parse(text) as { insertErrors?: unknown[] };
    if (status !== 200 || insertErrors.length > 0) throw new Error(`bqemulator refused rows: ${text}`);
  }
}

function asJson(row: StandInRow, role: Role, { type }: TypedColumn): unknown {
  const value = row[role] ?? null;
  if (value === null || typeof value === 'boolean') return value;
  if (role === 'updatedAt') return value.slice(0, MICROSECONDS) + (type === 'TIMESTAMP' ? 'Z' : '');
  return role === 'payload' && type.startsWith('STRUCT') ? (JSON.parse(value) as unknown) : value;
}

/** See large-table.ts. */
export async function createLargeTable(
  emulator: Emulator,
  name: string,
  rows: number,
  payloadBytes: number,
): Promise<SourceTable> {
  const source = await createTable(emulator, { name, dataType: 'attributes' });
  await emulator.run(
    `INSERT INTO ${qualified(source)} (updated_at, external_id, payload)
      SELECT TIMESTAMP_ADD(TIMESTAMP '${LARGE_TABLE_START}Z', INTERVAL DIV(n, ${ROWS_PER_INSTANT}) MILLISECOND),
        CONCAT('u', CAST(n AS STRING)),
        CONCAT('{"n":', CAST(n AS STRING), ',"text":"', REPEAT('x', ${Math.floor(payloadBytes)}), '"}')
      FROM UNNEST(GENERATE_ARRAY(0, ${rows - 1})) AS n`,
  );
  return source;
}

export async function createView(emulator: Emulator, name: string, over: SourceTable): Promise<SourceTable> {
  const view = { ...over, table: name };
  await emulator.run(`CREATE VIEW ${qualified(view)} AS SELECT * FROM ${qualified(over)}`);
  return view;
}

/** How a table of a data type is filled later, when nothing else is known of it. */
export const plainSpec = (dataType: DataType): Spec => ({ dataType });
