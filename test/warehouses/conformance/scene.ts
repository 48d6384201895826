/** What every check works with: a stand-in, the product's side of its warehouse, and what was made in it. */
import { randomUUID } from 'node:crypto';
import { warehouseOf } from '../../../activities/warehouses/registry.ts';
import { ROW_FIELDS } from '../../../activities/rows/row-fields.ts';
import type {
  ConnectOptions,
  ReadRange,
  SourceTable,
  Warehouse,
  WarehouseConnection,
} from '../../../activities/warehouses/warehouse.ts';
import type { DataType } from '../../../model/data-type.ts';
import type { SourceRow } from '../../../model/row.ts';
import { type SourceColumns, resolveColumns } from '../../../model/source-columns.ts';
import { type Installation, install } from '../../support/installation.ts';
import type { Account, StandIn, StandInRow, TableSpec } from '../stand-in.ts';

export type OpenConnection = WarehouseConnection & AsyncDisposable;

/** A table, and what reads it. */
export interface OpenTable {
  readonly source: SourceTable;
  readonly columns: SourceColumns;
  readonly connection: OpenConnection;
}

/** Members that a stand-in may lack. */
type Ability = 'createView' | 'expireToken' | 'openSessions' | 'refusedStatements';

/** Rows of whose payload so much is text that a driver which keeps them all is found out; see memory.ts. */
const LARGE_TABLE_BYTES = 150_000_000;

const MIDDLE_PAYLOAD_BYTES = 500;

/** Every row that has a time. */
export const EVERYTHING: ReadRange = { from: null, inclusive: true, to: null };

export class Scene implements AsyncDisposable {
  readonly standIn: StandIn;
  readonly warehouse: Warehouse;
  readonly #cleanup = new AsyncDisposableStack();
  #tables = 0;
  #large: Promise<SourceTable> | undefined;
  #middle: Promise<SourceTable> | undefined;
  #installation: Promise<Installation> | undefined;

  constructor(standIn: StandIn) {
    this.standIn = standIn;
    this.warehouse = warehouseOf(standIn.account.definition);
  }

  /** @throws Error where the stand-in cannot do it, though `limits.ts` does not say so */
  required<A extends Ability>(name: A): NonNullable<StandIn[A]> {
    const member = this.standIn[name];
    if (member === undefined) throw new Error(`The stand-in has no \`${name}\`.`);
    return member.bind(this.standIn) as NonNullable<StandIn[A]>;
  }

  /** A name that no table has yet. */
  newName(): string {
    this.#tables += 1;
    return `cdi_${this.#tables}_${randomUUID().slice(0, 6)}`;
  }

  async connect(
    options: Partial<ConnectOptions> = {},
    account: Account = this.standIn.account,
  ): Promise<OpenConnection> {
    const connection = await this.warehouse.connect(account, {
      signal: new AbortController().signal,
      label: 'braze-cdi conformance',
      ...options,
    });
    return Object.assign(connection, { [Symbol.asyncDispose]: () => connection.close() });
  }

  /** Makes a table under a name of its own, unless one is given. */
  create(
    dataType: DataType,
    rows: readonly StandInRow[],
    spec: Partial<TableSpec> = {},
  ): Promise<SourceTable> {
    return this.standIn.createTable({ name: this.newName(), dataType, ...spec }, rows);
  }

  /** Connects, and finds out the columns of a table as the product does. */
  async open(
    source: SourceTable,
    dataType: DataType = 'attributes',
    options: Partial<ConnectOptions> = {},
    account: Account = this.standIn.account,
  ): Promise<OpenTable & AsyncDisposable> {
    const connection = await this.connect(options, account);
    try {
      const columns = resolveColumns(dataType, await connection.describe(source));
      return { source, columns, connection, [Symbol.asyncDispose]: () => connection.close() };
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /** A table of many rows, made once; see large-table.ts. */
  large(): Promise<SourceTable> {
    const { mostRows } = this.standIn;
    this.#large ??= this.standIn.createLargeTable(this.newName(), mostRows, this.largePayloadBytes);
    return this.#large;
  }

  get largePayloadBytes(): number {
    return LARGE_TABLE_BYTES / this.standIn.mostRows;
  }

  /** A table of some megabytes, made once; its instants hold four rows each. */
  middle(): Promise<SourceTable> {
    this.#middle ??= this.standIn.createLargeTable(this.newName(), this.middleRows, MIDDLE_PAYLOAD_BYTES);
    return this.#middle;
  }

  get middleRows(): number {
    return this.standIn.mostRows / 5;
  }

  /** Ledger, worker and Braze simulator, made once, with the stand-in's account as a credential. */
  installation(): Promise<Installation> {
    this.#installation ??= this.#install();
    return this.#installation;
  }

  async #install(): Promise<Installation> {
    const { warehouse, account, environment } = this.standIn;
    const installation = this.#cleanup.use(await install(`conformance_${warehouse}`));
    Object.assign(installation.environment, environment);
    await installation.declareCredential(account);
    await installation.startWorker();
    return installation;
  }

  /** How a row has to come out of the warehouse. */
  expected(row: StandInRow): SourceRow {
    if (row.updatedAt === null) throw new Error('A row without a time is never read.');
    const updatedAt = this.warehouse.instant(`${row.updatedAt}Z`);
    return Object.fromEntries(
      ROW_FIELDS.map((field) => [field, field === 'updatedAt' ? updatedAt : (row[field] ?? null)]),
    ) as unknown as SourceRow;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cleanup.disposeAsync();
  }
}

/** A row as an ordinary object, whatever the warehouse's own form of it. */
export function plain(row: SourceRow): SourceRow {
  return Object.fromEntries(ROW_FIELDS.map((field) => [field, row[field]])) as unknown as SourceRow;
}

/** All rows of a range, as ordinary objects in the order in which they come. */
export async function readAll(
  { connection, source, columns }: OpenTable,
  range: ReadRange = EVERYTHING,
  limit = Infinity,
): Promise<SourceRow[]> {
  const rows: SourceRow[] = [];
  for await (const group of connection.read(source, columns, range, limit)) {
    for (const row of group) rows.push(plain(row));
  }
  return rows;
}

/** In an order that does not depend on how ties come. */
export function sorted(rows: readonly SourceRow[]): SourceRow[] {
  const key = (row: SourceRow): string => JSON.stringify(ROW_FIELDS.map((field) => row[field]));
  return rows.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** UTC with nine digits, `ms` milliseconds after the start of 2026. */
export function instantAt(ms: number): string {
  return new Date(Date.UTC(2026, 0, 1) + ms).toISOString().replace('Z', '000000');
}
