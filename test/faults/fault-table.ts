/**
 * Tables to be synced under faults. Each row carries a number of its own, `n`, within its payload (a user to delete
 * has none). Most users have one row, one in twenty has several; one instant is shared by many rows.
 */
import type pg from 'pg';
import type { DataType } from '../../model/data-type.ts';

export interface TableShape {
  readonly dataType: DataType;
  readonly rows: number;
  /** Rows that share one instant, and the first of them. */
  readonly ties: { readonly rows: number; readonly first: number };
  /** Gives one user this many rows, spread evenly over the table. */
  readonly hotUserRows?: number;
}

/** Fields of the catalog that takes the rows. */
export const CATALOG_FIELDS = [
  { name: 'id', type: 'string' },
  { name: 'n', type: 'number' },
  { name: 'title', type: 'string' },
] as const;

const COLUMNS: Record<DataType, string> = {
  attributes: 'updated_at timestamptz, external_id varchar(100), payload varchar(65535)',
  events: 'updated_at timestamptz, external_id varchar(100), payload varchar(65535)',
  purchases: 'updated_at timestamptz, external_id varchar(100), payload varchar(65535)',
  user_deletes: 'updated_at timestamptz, external_id varchar(100)',
  catalog: 'updated_at timestamptz, id varchar(100), payload varchar(65535), deleted boolean',
};

const EVENT = `'{"name":"e","time":"2026-01-01T00:00:00Z","properties":{"n":' || n || '}}'`;
const PURCHASE = `'{"product_id":"p","currency":"EUR","price":12.50,"time":"2026-01-01T00:00:00Z","properties":{"n":' || n || '}}'`;
const ITEM = `'{"n":' || n || ',"title":"item ' || n || '"}'`;
/** Most rows replace values; some hold an operator, which must go alone and in its order. */
const ATTRIBUTES = `'{"n":' || n || case
  when n % 100 in (7, 95, 96) then ',"visits":{"inc":1}}'
  when n % 100 in (47, 97, 98) then ',"orders":{"$add":[{"id":' || n || '}]}}'
  else ',"k' || n % 3 || '":' || n || '}' end`;

/** What stands in the columns after UPDATED_AT; `who` is the user or item of row `n`. */
const VALUES: Record<DataType, string> = {
  attributes: `'u' || who, ${ATTRIBUTES}`,
  events: `'u' || who, ${EVENT}`,
  purchases: `'u' || who, ${PURCHASE}`,
  user_deletes: `'u' || who`,
  catalog: `'i' || who, ${ITEM}, n % 100 in (3, 99)`,
};

/** Makes `cdi.TABLE`. The rows lie in no order, as in a table that is updated in place. */
export async function createFaultTable(source: pg.Client, table: string, shape: TableShape): Promise<void> {
  const { dataType, rows, ties, hotUserRows } = shape;
  const often = `20 * ((n * 7919::bigint) % ${Math.max(1, Math.floor(rows / 20))})`;
  const isHot = hotUserRows === undefined ? 'false' : `n % ${Math.floor(rows / hotUserRows)} = 7`;
  await source.query(`create table cdi.${table} (${COLUMNS[dataType]})`);
  await source.query(
    `insert into cdi.${table}
     select timestamptz '2026-01-01 00:00Z' + ms * interval '1 millisecond', ${VALUES[dataType]}
     from generate_series(0, ${rows - 1}) n,
       lateral (select case when n >= ${ties.first} and n < ${ties.first + ties.rows} then ${ties.first} else n end / 3 as ms) i,
       lateral (select case when ${isHot} then -1 when n % 100 >= 85 then ${often} else n end as who) w
     order by hashint4(n)`,
  );
}

/** A row as the judge needs it. */
export interface TableRow {
  /** UPDATED_AT as the ledger writes it. */
  readonly at: string;
  /** User or item. */
  readonly who: string;
  /** Null for a user to delete. */
  readonly payload: string | null;
  readonly deleted: boolean;
}

export async function readFaultTable(
  source: pg.Client,
  table: string,
  dataType: DataType,
): Promise<TableRow[]> {
  const columns: Record<DataType, string> = {
    attributes: 'external_id as who, payload, false as deleted',
    events: 'external_id as who, payload, false as deleted',
    purchases: 'external_id as who, payload, false as deleted',
    user_deletes: 'external_id as who, null as payload, true as deleted',
    catalog: 'id as who, payload, deleted',
  };
  const { rows } = await source.query<TableRow>(
    `select to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') as at, ${columns[dataType]}
     from cdi.${table} order by updated_at`,
  );
  return rows;
}

/** The number that a payload, or a text made of it, carries. */
export function numberOf(text: string): number {
  const digits = /"n":(\d+)/.exec(text)?.[1];
  if (digits === undefined) throw new Error('A text without a number came to the judge.');
  return Number(digits);
}
