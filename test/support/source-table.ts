/** Makes the tables that tests sync, out of plain rows. */
import type pg from 'pg';

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** A row by column; columns that it lacks are null. */
export type TableRow = Readonly<Record<string, string | number | boolean | null>>;

const USER_COLUMNS = {
  updated_at: 'timestamptz',
  external_id: 'text',
  alias_name: 'text',
  alias_label: 'text',
  braze_id: 'text',
  email: 'text',
  phone: 'text',
} as const;

/** Columns of a table of users: every identifier, and a payload. */
export const ATTRIBUTE_COLUMNS = { ...USER_COLUMNS, payload: 'text' } as const;
/** Columns of a table of users to delete. */
export const DELETE_COLUMNS = USER_COLUMNS;
/** Columns of a table of catalog items. */
export const CATALOG_COLUMNS = {
  updated_at: 'timestamptz',
  id: 'text',
  payload: 'text',
  deleted: 'boolean',
} as const;
/** The least that most tests need. */
export const EVENT_COLUMNS = { updated_at: 'timestamptz', external_id: 'text', payload: 'text' } as const;

/** Makes `cdi.TABLE` with these columns and rows. */
export async function createTable(
  source: pg.Client,
  table: string,
  columns: Readonly<Record<string, string>>,
  rows: readonly TableRow[] = [],
): Promise<void> {
  const list = Object.entries(columns).map(([name, type]) => `${quote(name)} ${type}`);
  await source.query(`create table cdi.${quote(table)} (${list.join(', ')})`);
  await addRows(source, table, rows);
}

export async function addRows(source: pg.Client, table: string, rows: readonly TableRow[]): Promise<void> {
  if (rows.length === 0) return;
  const qualified = `cdi.${quote(table)}`;
  await source.query(
    `insert into ${qualified} select * from json_populate_recordset(null::${qualified}, $1::json)`,
    [JSON.stringify(rows)],
  );
}

const START_MS = Date.UTC(2026, 0, 1);

/** A time within the tables: `ms` milliseconds after the start of 2026. */
export function instant(ms: number): string {
  return new Date(START_MS + ms).toISOString();
}

/** The same time as the ledger writes it. */
export function ledgerInstant(ms: number): string {
  return `${instant(ms).replace('T', ' ').replace('Z', '')}000`;
}
