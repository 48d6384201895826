/** Tests an account and a table before a sync is declared: `cdi setup --check`. */
import type { DataType } from '../model/data-type.ts';
import { type Column, COLUMN_RULES, columnFaults, resolveColumns } from '../model/source-columns.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { withHeartbeat } from './heartbeat.ts';
import { warehouseOf } from './warehouses/registry.ts';
import type { SourceTable } from './warehouses/warehouse.ts';

export interface CheckSetupInput {
  readonly credential: string;
  readonly source: SourceTable;
  readonly dataType: DataType;
}

export interface CheckedSetup {
  /** The warehouse's present time. */
  readonly now: string;
  /** The columns of the table that bear a name of ours; whether they fit the data type, `columnFaults` tells. */
  readonly columns: readonly Column[];
}

const OUR_NAMES = new Set(Object.values(COLUMN_RULES).map(({ name }) => name));

/** Reads one row where the columns fit, for a table may be described without the right to read it. @throws CdiError of the warehouse's classes */
export function checkSetup({ ledger }: ActivityDependencies) {
  return async ({ credential: name, source, dataType }: CheckSetupInput): Promise<CheckedSetup> =>
    withHeartbeat(async (signal) => {
      const credential = await ledger.definitions.credential(name);
      const label = `braze-cdi test ${name}`;
      const connection = await warehouseOf(credential.definition).connect(credential, { signal, label });
      try {
        const { now } = await connection.clock(0);
        const all = await connection.describe(source);
        const columns = all.filter((column) => OUR_NAMES.has(column.name.toUpperCase()));
        if (columnFaults(dataType, columns).length === 0) {
          const range = { from: null, inclusive: true, to: now };
          for await (const rows of connection.read(source, resolveColumns(dataType, columns), range, 1))
            if (rows.length > 0) break;
        }
        return { now, columns };
      } finally {
        await connection.close();
      }
    });
}
