/** Reads from the stand-in as the product does. */
import { bigquery } from '../../../activities/warehouses/bigquery/bigquery.ts';
import type {
  ConnectOptions,
  SourceTable,
  WarehouseConnection,
} from '../../../activities/warehouses/warehouse.ts';
import type { SourceRow } from '../../../model/row.ts';
import { type SourceColumns, resolveColumns } from '../../../model/source-columns.ts';
import type { BigqueryAccount } from './situations.ts';

export const EVERYTHING = { from: null, inclusive: true, to: null } as const;

export const connectAs = (
  account: BigqueryAccount,
  options: Pick<ConnectOptions, 'label'> & Partial<ConnectOptions>,
): Promise<WarehouseConnection> =>
  bigquery.connect(account, { signal: new AbortController().signal, ...options });

export const columnsOf = async (
  connection: WarehouseConnection,
  table: SourceTable,
): Promise<SourceColumns> => resolveColumns('attributes', await connection.describe(table));

/** @returns the rows of a table in the groups in which they come */
export async function readGroups(
  connection: WarehouseConnection,
  table: SourceTable,
): Promise<SourceRow[][]> {
  const columns = await columnsOf(connection, table);
  const groups: SourceRow[][] = [];
  for await (const group of connection.read(table, columns, EVERYTHING, Infinity)) groups.push(group);
  return groups;
}
