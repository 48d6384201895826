/**
 * What every warehouse must offer. A sixth one is a folder beside `redshift/` with the same file names, one line in
 * `registry.ts`, and its credential schema in model/warehouse-credentials.ts.
 */
import type { SourceRow } from '../../model/row.ts';
import type { Column, SourceColumns } from '../../model/source-columns.ts';
import type { WarehouseCredential } from '../../model/warehouse-credentials.ts';
import type { Secrets } from '../../store/definitions.ts';

/** A table or view, with its parts exactly as the warehouse spells them. */
export interface SourceTable {
  readonly schema: string;
  readonly table: string;
}

/**
 * A stretch of UPDATED_AT, or some of the users in it. Times are text in the warehouse's own fixed-width form, in
 * UTC. Rows without UPDATED_AT belong to no range.
 */
export interface ReadRange {
  /** Null: from the beginning. */
  readonly from: string | null;
  /** Whether rows at `from` itself belong to it. */
  readonly inclusive: boolean;
  /** Null: up to the newest row, whatever the clock says. */
  readonly to: string | null;
  /** Whether rows at `to` itself stay out. Default: they belong to it. */
  readonly beforeTo?: boolean;
  /** Only rows of this share. */
  readonly share?: HashShare;
  /** Only rows of these users: hashes as of activities/rows/user-hash.ts, at most `USERS_PER_QUERY`. */
  readonly users?: readonly string[];
  /** Only rows whose DELETED is true. */
  readonly deletedOnly?: boolean;
}

/** Rows whose user's hash begins with a prefix from `low` to `high`, both included and equally long. */
export interface HashShare {
  readonly low: string;
  readonly high: string;
}

export const USERS_PER_QUERY = 1_000;

export interface WarehouseClock {
  /** The warehouse's present time. */
  readonly now: string;
  /** The present time less the safety lag. */
  readonly upper: string;
}

export interface WarehouseConnection {
  /** @throws CdiError `table_missing`, `permission_denied` */
  describe(source: SourceTable): Promise<Column[]>;
  clock(lagMs: number): Promise<WarehouseClock>;
  /** Counts the rows after an instant. */
  countAfter(source: SourceTable, columns: SourceColumns, instant: string): Promise<number>;
  /** Counts the rows of a range. */
  count(source: SourceTable, columns: SourceColumns, range: ReadRange): Promise<number>;
  /** Counts the rows of a range by the first hex digits of their user's hash; prefixes without rows are absent. */
  countByHash(
    source: SourceTable,
    columns: SourceColumns,
    range: ReadRange,
    digits: number,
  ): Promise<Map<string, number>>;
  /** Counts the rows whose UPDATED_AT is null. */
  countWithoutTimestamp(source: SourceTable, columns: SourceColumns): Promise<number>;
  /**
   * Reads rows in the order of UPDATED_AT, in groups of no fixed size. The warehouse sends only as fast as the
   * groups are consumed; leaving the loop early cancels the query on the server.
   */
  read(
    source: SourceTable,
    columns: SourceColumns,
    range: ReadRange,
    limit: number,
  ): AsyncIterable<SourceRow[]>;
  close(): Promise<void>;
}

/**
 * Where a later attempt of the same step finds a query that goes on running, or whose result is kept, on the server. Queries
 * are told apart by a key: a hash of their text and values.
 */
export interface QueryTokens {
  /** @returns what the last attempt kept; undefined where there is nothing */
  find(query: string): string | undefined;
  /** Called once the server has taken the query. @param token what finds it again; holds no value of a row, no secret */
  keep(query: string, token: string): void;
}

export interface ConnectOptions {
  /** Cancels whatever the connection is doing, on the server too. */
  readonly signal: AbortSignal;
  /** Shown in the warehouse's own query history and cost reports: names the product, the sync and the run. */
  readonly label: string;
  /** Absent where a query is not worth finding again. */
  readonly queries?: QueryTokens;
  /** Default: `DEADLINES`. */
  readonly deadlines?: Deadlines;
}

/** How long a warehouse may take, in milliseconds. */
export interface Deadlines {
  /** To let a connection in, with its login; beyond it `warehouse_unreachable`. */
  readonly connectMs: number;
  /**
   * To answer a query, or to send more of its rows once they are asked for; beyond it the query is cancelled and fails with
   * `query_timeout`. The time in which nobody asks for rows does not count.
   */
  readonly answerMs: number;
}

export const DEADLINES: Deadlines = { connectMs: 30_000, answerMs: 3_600_000 };

/** A credential with its secrets, which are named as in `CredentialKind.secrets`. */
export interface OpenedCredential<C extends WarehouseCredential = WarehouseCredential> {
  readonly definition: C;
  readonly secrets: Secrets;
}

export interface Warehouse<C extends WarehouseCredential = WarehouseCredential> {
  /** @throws CdiError of the warehouse's classes (model/errors.ts) */
  connect(credential: OpenedCredential<C>, options: ConnectOptions): Promise<WarehouseConnection>;
  /** A UTC time as the sync file writes it (`2026-01-31T00:00:00Z`), in the warehouse's own form. */
  instant(utc: string): string;
}
