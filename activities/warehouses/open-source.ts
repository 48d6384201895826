/** Opens the source of a sync: connection, columns, and the right way to close it again. */
import { type SourceColumns, resolveColumns } from '../../model/source-columns.ts';
import type { SyncDefinition } from '../../model/definitions.ts';
import type { Ledger } from '../../store/ledger.ts';
import { warehouseOf } from './registry.ts';
import type { ConnectOptions, Warehouse, WarehouseConnection } from './warehouse.ts';

export interface OpenSource {
  readonly warehouse: Warehouse;
  readonly connection: WarehouseConnection;
  readonly columns: SourceColumns;
}

/**
 * @throws CdiError of the warehouse's classes, or `column_*` where the table does not fit the data type
 */
export async function withSource<T>(
  ledger: Ledger,
  sync: SyncDefinition,
  options: ConnectOptions,
  work: (source: OpenSource) => Promise<T>,
): Promise<T> {
  const credential = await ledger.definitions.credential(sync.credential);
  const warehouse = warehouseOf(credential.definition);
  const connection = await warehouse.connect(credential, options);
  try {
    const columns = resolveColumns(sync.data_type, await connection.describe(sync.source));
    return await work({ warehouse, connection, columns });
  } finally {
    await connection.close();
  }
}
