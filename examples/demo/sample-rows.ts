/**
 * The demo's sample rows: all five data types, several rows per user, ties, and some rows that are wrong on purpose.
 * Everything follows from the row's number, so that every demo is alike.
 */

/** One row as the table holds it. Columns that the table lacks are absent. */
export interface SampleRow {
  /** Microseconds since the epoch. */
  readonly at: number;
  readonly columns: Readonly<Record<string, string | boolean | null>>;
  /** What is wrong with it, if anything; such a row must be rejected. */
  readonly flaw?: string;
}

export interface SampleTable {
  readonly sync: string;
  readonly table: string;
  /** Columns beside `updated_at`, with their types. */
  readonly columns: Readonly<Record<string, string>>;
  readonly rows: readonly SampleRow[];
  /** Rows that are added before the second round. */
  readonly added: readonly SampleRow[];
}

/** Noon of a day, in microseconds. */
const BASE = Date.UTC(2026, 0, 5, 12) * 1_000;
const MILLISECOND = 1_000;
/** A hundred neighbouring rows share one instant. */
const TIED = 100;
const at = (row: number, tied = TIED): number =>
  BASE + Math.floor(row / tied) * 250 * MILLISECOND + (tied === 1 ? 7 : 0);

const PLANS = ['free', 'basic', 'plus', 'pro'];
const CITIES = ['Zürich', 'São Paulo', '東京', 'Kraków', 'Montréal 🍁'];
const pick = <T>(list: readonly T[], index: number): T => {
  const item = list[index % list.length];
  if (item === undefined) throw new RangeError('Nothing to pick from.');
  return item;
};

const sequence = (count: number): number[] => Array.from({ length: count }, (_unused, index) => index);

const USER_COLUMNS = {
  external_id: 'varchar(200)',
  alias_name: 'varchar(200)',
  alias_label: 'varchar(200)',
  email: 'varchar(200)',
} as const;

function attributeRow(row: number): SampleRow {
  const user = `user-${row % 27_000}`;
  const payload =
    `{"plan":"${pick(PLANS, row)}","logins":${row},"credit":${(row % 100) + 0.5}0,"account_no":${9_007_199_254_740_993n + BigInt(row)},` +
    `"city":"${pick(CITIES, row)}","address":{"zip":"${10_000 + (row % 900)}","floor":null},"newsletter":${row % 3 === 0}}`;
  const columns = { external_id: user, alias_name: null, alias_label: null, email: null, payload };
  if (row % 1_000 === 501)
    return { at: at(row), columns: { ...columns, payload: '{"plan":' }, flaw: 'payload is no JSON' };
  if (row % 1_000 === 502) {
    return { at: at(row), columns: { ...columns, external_id: null }, flaw: 'no identifier' };
  }
  if (row % 1_000 === 503) {
    return {
      at: at(row),
      columns: { ...columns, payload: '{"external_id":"somebody-else"}' },
      flaw: 'names another user',
    };
  }
  if (row % 40 === 7) return { at: at(row), columns: { ...columns, payload: '{"visits":{"inc":1}}' } };
  if (row % 40 === 8) {
    return {
      at: at(row),
      columns: { ...columns, external_id: null, alias_name: `a-${row}`, alias_label: 'crm' },
    };
  }
  return { at: at(row), columns };
}

function eventRow(row: number): SampleRow {
  const columns = {
    external_id: `user-${(row * 7) % 27_000}`,
    alias_name: null,
    alias_label: null,
    email: null,
    payload:
      `{"name":"page_viewed","time":"2026-01-05T12:${String(row % 60).padStart(2, '0')}:00Z",` +
      `"properties":{"page":"/p/${row}","position":${row},"ratio":1.50}}`,
  };
  if (row % 2_500 === 9) {
    return {
      at: at(row),
      columns: { ...columns, payload: '{"time":"2026-01-05T12:00:00Z"}' },
      flaw: 'event without a name',
    };
  }
  if (row % 2_500 === 10) {
    return { at: at(row), columns: { ...columns, payload: '{"name":"a","name":"b"}' }, flaw: 'a key twice' };
  }
  return { at: at(row), columns };
}

function purchaseRow(row: number): SampleRow {
  const columns = {
    external_id: `user-${(row * 11) % 27_000}`,
    payload:
      `{"product_id":"sku-${row % 400}","currency":"${pick(['EUR', 'USD', 'CHF'], row)}","price":${row % 90}.90,` +
      `"quantity":${(row % 5) + 1},"time":"2026-01-05T13:00:00Z"}`,
  };
  if (row % 2_000 === 3) {
    return {
      at: at(row),
      columns: { ...columns, payload: '{"product_id":"sku-1","price":1.00}' },
      flaw: 'no currency',
    };
  }
  return { at: at(row), columns };
}

function deleteRow(row: number): SampleRow {
  if (row === 17) {
    return {
      at: at(row),
      columns: { external_id: null, alias_name: null, alias_label: null },
      flaw: 'no identifier',
    };
  }
  return row % 10 === 4
    ? { at: at(row), columns: { external_id: null, alias_name: `gone-${row}`, alias_label: 'crm' } }
    : { at: at(row), columns: { external_id: `leaver-${row}`, alias_name: null, alias_label: null } };
}

function catalogRow(row: number): SampleRow {
  const id = `item-${row % 5_500}`;
  const payload = `{"title":"Item ${row} ${pick(CITIES, row)}","price":${row % 70}.25,"in_stock":${row % 4 !== 0}}`;
  if (row % 3_000 === 11) {
    return {
      at: at(row),
      columns: { id: 'not allowed!', payload, deleted: false },
      flaw: 'id with forbidden characters',
    };
  }
  return { at: at(row), columns: { id, payload, deleted: row > 5_500 && row % 25 === 0 } };
}

const table = (
  sync: string,
  name: string,
  columns: Readonly<Record<string, string>>,
  rows: number,
  added: number,
  make: (row: number) => SampleRow,
): SampleTable => ({
  sync,
  table: name,
  columns,
  rows: sequence(rows).map(make),
  // The first of the added rows lie at the very instant at which the others ended.
  added: sequence(added).map((index) => ({
    ...make(rows + index),
    at: at(rows - 1) + Math.floor(index / 5) * MILLISECOND,
  })),
});

/** Five tables with 101,000 rows. */
export function sampleTables(): SampleTable[] {
  return [
    table(
      'users-attributes',
      'users_attributes',
      { ...USER_COLUMNS, payload: 'varchar(65535)' },
      30_000,
      30,
      attributeRow,
    ),
    table('app-events', 'app_events', { ...USER_COLUMNS, payload: 'varchar(65535)' }, 50_000, 50, eventRow),
    table(
      'shop-purchases',
      'shop_purchases',
      { external_id: 'varchar(200)', payload: 'varchar(65535)' },
      12_000,
      12,
      purchaseRow,
    ),
    table(
      'user-deletes',
      'user_deletes',
      { external_id: 'varchar(200)', alias_name: 'varchar(200)', alias_label: 'varchar(200)' },
      3_000,
      3,
      deleteRow,
    ),
    table(
      'product-catalog',
      'product_catalog',
      { id: 'varchar(250)', payload: 'varchar(65535)', deleted: 'boolean' },
      6_000,
      6,
      catalogRow,
    ),
  ];
}
