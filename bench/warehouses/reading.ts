/** What is measured of one reading, and how a process is told to do it. */
import type { Warehouse } from '../../model/warehouse-credentials.ts';
import type { SourceTable } from '../../activities/warehouses/warehouse.ts';
import type { Account } from '../../test/warehouses/stand-in.ts';

/** `product`: through our adapter; `driver`: the bare driver, with the same query. */
export type Reader = 'product' | 'driver';

export interface ReadingTask {
  readonly warehouse: Warehouse;
  readonly reader: Reader;
  readonly account: Account;
  /** Read first, unmeasured, so that code is compiled. */
  readonly warmUp: SourceTable;
  readonly source: SourceTable;
}

export interface Reading {
  readonly rows: number;
  /** From before the connection is opened until after it is closed. */
  readonly seconds: number;
  /** Of the reading process alone. */
  readonly cpuSeconds: number;
  readonly peakRssMb: number;
}
