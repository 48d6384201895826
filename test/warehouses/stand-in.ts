/**
 * What the conformance suite asks of the server that stands in for a warehouse. The driver is the vendor's own, unchanged;
 * a stand-in says how to fill tables and how to make the server refuse. A member that is marked optional may be left out only
 * where `limits.ts` of the stand-in names the reason. See docs/adding-a-warehouse.md.
 */
import type { SourceTable } from '../../activities/warehouses/warehouse.ts';
import type { DataType } from '../../model/data-type.ts';
import type { ErrorType } from '../../model/errors.ts';
import type { Warehouse, WarehouseCredential } from '../../model/warehouse-credentials.ts';
import type { Secrets } from '../../store/definitions.ts';
import type { TcpProxy } from '../support/tcp-proxy.ts';

export interface Account {
  readonly definition: WarehouseCredential;
  readonly secrets: Secrets;
}

/** A row to be put into a table; absent columns are NULL. */
export interface StandInRow {
  /** UTC with nine digits, `2026-01-31T12:00:00.123456789`; a warehouse with fewer cuts the rest. Null: none. */
  readonly updatedAt: string | null;
  readonly externalId?: string | null;
  readonly aliasName?: string | null;
  readonly aliasLabel?: string | null;
  readonly brazeId?: string | null;
  readonly email?: string | null;
  readonly phone?: string | null;
  readonly id?: string | null;
  readonly payload?: string | null;
  readonly deleted?: boolean | null;
}

export interface TableSpec {
  /** Any text that the warehouse allows as a name, hostile ones included. */
  readonly name: string;
  /** Which columns it has, by the types that the set-up page of the warehouse names. */
  readonly dataType: DataType;
  /** Types that PAYLOAD may have beside the one of the set-up page (`variant`, `super`, `struct` …). */
  readonly payloadType?: string;
  /** Spelling of the column names. Default: that of the set-up page. */
  readonly columnCase?: 'upper' | 'lower';
  /** Any schema (or dataset) name that the warehouse allows; made when missing. Default: one of the stand-in's own. */
  readonly schema?: string;
  /** One of `timestampTypes`. Default: the first of them. */
  readonly timestampType?: string;
  /** Type of the identifier columns; `integer` is one of 64 bits. Default: text. */
  readonly identifierType?: 'text' | 'integer';
}

/** What a connection test has to tell apart; see the table in docs/warehouses.md. */
export const SITUATIONS = [
  'unreachable',
  'host_unknown',
  'tls_untrusted',
  'wrong_password',
  'permission_denied',
  'table_missing',
  'column_missing',
  'column_forbidden',
  'column_type',
  /** Stopped, suspended, or out of quota. */
  'warehouse_busy',
] as const;
export type Situation = (typeof SITUATIONS)[number];

/** Cannot be resolved, and no name server is asked for it: its first part is longer than a name may be. */
export const UNKNOWN_HOST = `${'unknown'.repeat(10)}.example`;

/** To be put into the rows of staged tables: no message may hold it. */
export const CANARY = 'canary-4711';

export interface Staged {
  readonly account: Account;
  readonly source: SourceTable;
  readonly dataType: DataType;
  readonly expected: ErrorType;
  /** Undoes what was made for it. */
  readonly end?: () => Promise<void>;
}

export interface StandIn extends AsyncDisposable {
  readonly warehouse: Warehouse;
  /** Digits of a second that UPDATED_AT keeps. */
  readonly fractionDigits: 6 | 9;
  /** Of the table for the memory check. */
  readonly mostRows: number;
  /** Whether rows can be written while others are read. */
  readonly takesWritesWhileRead: boolean;
  /** Every way in which PAYLOAD may be typed; the first is that of the set-up page. A MAP gets text values only. */
  readonly payloadTypes: readonly string[];
  /** Every way in which UPDATED_AT may be typed; the first is that of the set-up page. Default: that one alone. */
  readonly timestampTypes?: readonly string[];
  /** Those of `HOSTILE_NAMES` (conformance/names.ts) that the warehouse allows for a table, and for a schema. Default: all. */
  readonly allowedNames?: { readonly tables: readonly string[]; readonly schemas: readonly string[] };
  /** What the processes that read from it need in their environment. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly account: Account;

  createTable(table: TableSpec, rows: readonly StandInRow[]): Promise<SourceTable>;
  /**
   * Makes a table of attributes by the server itself, or from a file. Row n, from 0 on, is `largeRow(n, payloadBytes)` of
   * conformance/large-table.ts, which says how to write it in SQL.
   */
  createLargeTable(name: string, rows: number, payloadBytes: number): Promise<SourceTable>;
  addRows(source: SourceTable, dataType: DataType, rows: readonly StandInRow[]): Promise<void>;
  /** A view over a table. Undefined where the server has none. */
  createView?(name: string, over: SourceTable): Promise<SourceTable>;
  /** Makes the situation. Undefined where it cannot be had; docs/warehouses.md then says so. */
  stage(situation: Situation): Promise<Staged | undefined>;

  /** Through which the account reaches the server: it can be cut, and fall silent. */
  readonly network: TcpProxy;
  /** Makes the next query take for ever, on the server. @returns undoes it */
  slowDown(): Promise<() => Promise<void>>;
  /** Labels or texts of the queries that the server is working on now; empty once they are cancelled. */
  runningQueries(): Promise<readonly string[]>;
  /** Texts of the queries that the server has seen, with whatever names the sync and the run in the customer's history. */
  seenQueries(): Promise<readonly string[]>;
  /** Makes the access token run out in the middle of what goes on. Undefined where the login has none. */
  expireToken?(): Promise<void>;
  /** How many connections, or sessions where the protocol has no lasting ones, clients have open. */
  openSessions?(): Promise<number>;
  /** Statements that the product sent and that the warehouse itself would not take, though the server did. */
  refusedStatements?(): Promise<readonly string[]>;
  /**
   * Reads the columns of a large table with the bare driver, in the driver's fastest form and in bounded memory, by the
   * same query as the product's: for bench/warehouses.ts, which finds `bareRead(account, source)` in `bare-read.ts` of the
   * stand-in. @returns how many rows there were
   */
  bareRead?(source: SourceTable): Promise<number>;
  /** Account for the bench, where `bareRead` needs another, or a way with less before the server. Default: `account`. */
  readonly benchAccount?: Account;
}
