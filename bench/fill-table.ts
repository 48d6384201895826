/** Makes the tables that are read: user rows with about 300 bytes of payload, unless told otherwise. */
import type pg from 'pg';
import type { DataType } from '../model/data-type.ts';

export interface TableShape {
  /** @default attributes */
  readonly dataType?: DataType;
  /** Roughly; the least is 300. */
  readonly payloadBytes?: number;
  /** All rows carry one UPDATED_AT, as after a nightly load; otherwise each its own millisecond. */
  readonly oneInstant?: boolean;
}

/** Every twentieth user has two rows. */
const USER = `'user-' || case when n % 20 = 0 then n / 2 else n end`;
/** Bytes of one md5 in hex: text that does not compress, so that the database reads what it says. */
const MD5 = 32;
const BASE_BYTES = 300;

const PAYLOADS: Readonly<Record<Exclude<DataType, 'user_deletes'>, string>> = {
  attributes: `'{"first_name":"Name ' || n || '","plan":"pro","logins":' || n || ',"credit":12.50,"account":9007199254740993,' ||
     '"city":"Kraków","tags":["alpha","beta","gamma"],"address":{"street":"Long street number ' || n % 1000 || '","zip":"12345"},' ||
     '"last_seen":"2026-01-05T12:00:00Z","newsletter":true,"note":"' || FILLER || '"}'`,
  events: `'{"name":"order_placed","time":"2026-01-05T12:00:00Z","properties":{"order":' || n || ',"total":12.50,"city":"Kraków",' ||
     '"items":["alpha","beta","gamma"],"address":{"street":"Long street number ' || n % 1000 || '","zip":"12345"},' ||
     '"first":true,"channel":"web","coupon":"SPRING","note":"' || FILLER || '"}}'`,
  purchases: `'{"product_id":"sku-' || n % 5000 || '","currency":"EUR","price":12.50,"quantity":2,"time":"2026-01-05T12:00:00Z",' ||
     '"properties":{"order":' || n || ',"city":"Kraków","colour":"red","size":"XL","gift":false,"coupon":"SPRING",' ||
     '"channel":"web","warehouse":"north","note":"' || FILLER || '"}}'`,
  catalog: `'{"title":"Item ' || n || '","price":12.50,"stock":' || n || ',"available":true,"city":"Kraków","brand":"Example",' ||
     '"tags":["alpha","beta","gamma"],"dimensions":{"width":10,"height":20,"depth":30},' ||
     '"listed_at":"2026-01-05T12:00:00Z","url":"https://shop.example/items/' || n || '","note":"' || FILLER || '"}'`,
};

/** Makes `public.NAME` with its index, settled, so that the first reader pays for nothing that later ones do not. */
export async function fillTable(
  client: pg.Client,
  name: string,
  rows: number,
  { dataType = 'attributes', payloadBytes = BASE_BYTES, oneInstant = false }: TableShape = {},
): Promise<void> {
  const isCatalog = dataType === 'catalog';
  const payload = dataType === 'user_deletes' ? undefined : PAYLOADS[dataType];
  const columns = [
    'updated_at timestamptz not null',
    `${isCatalog ? 'id' : 'external_id'} varchar(64)`,
    ...(payload === undefined ? [] : ['payload varchar(65535)']),
  ];
  const values = [
    `timestamptz '2026-01-01 00:00Z'${oneInstant ? '' : ` + n * interval '1 millisecond'`}`,
    isCatalog ? `'item-' || n` : USER,
    ...(payload === undefined ? [] : [payload.replace('FILLER', filler(payloadBytes))]),
  ];
  await client.query(`create unlogged table public.${name} (${columns.join(', ')})`);
  await client.query(
    `insert into public.${name} select ${values.join(', ')} from generate_series(1, $1::int) n`,
    [rows],
  );
  await settle(client, name);
}

/**
 * Cuts a table into parts of nearly the same size, in the order of `updated_at`: `public.PREFIX0` and so on.
 *
 * @returns the names of the parts
 */
export async function splitTable(
  client: pg.Client,
  name: string,
  prefix: string,
  parts: number,
): Promise<string[]> {
  const names = Array.from({ length: parts }, (_unused, part) => `${prefix}${part}`);
  await client.query(
    `create temporary table edges as select part, min(updated_at) as first, max(updated_at) as last
     from (select updated_at, ntile(${parts}) over (order by updated_at) as part from public.${name}) t group by part`,
  );
  for (const [part, table] of names.entries()) {
    await client.query(
      `create unlogged table public.${table} as
       select t.* from public.${name} t, edges e where e.part = ${part + 1} and t.updated_at between e.first and e.last`,
    );
    await settle(client, table);
  }
  await client.query('drop table edges');
  return names;
}

async function settle(client: pg.Client, table: string): Promise<void> {
  await client.query(`create index on public.${table} (updated_at)`);
  await client.query(`vacuum analyze public.${table}`);
}

/** SQL for the text that brings a payload to its size. */
function filler(payloadBytes: number): string {
  const pieces = Math.round((payloadBytes - BASE_BYTES) / MD5);
  const base = `repeat('x', 40)`;
  if (pieces <= 0) return base;
  return `${base} || (select string_agg(md5(n || '-' || i), '') from generate_series(1, ${pieces}) i)`;
}
