/** The demo's warehouse: a database of the embedded PostgreSQL, read by a user that may only read. */
import pg from 'pg';
import type { SampleRow, SampleTable } from './sample-rows.ts';

const CHUNK = 5_000;

/** Makes database, reader and tables, and fills them. */
export async function createWarehouse(
  postgresUrl: string,
  password: string,
  tables: readonly SampleTable[],
): Promise<pg.Client> {
  const admin = new pg.Client({ connectionString: postgresUrl });
  await admin.connect();
  await admin.query('create database warehouse');
  await admin.query(`create role cdi_reader login password '${password}'`);
  await admin.end();

  const url = new URL(postgresUrl);
  url.pathname = '/warehouse';
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  await client.query('create schema cdi; grant usage on schema cdi to cdi_reader');
  for (const table of tables) {
    const columns = Object.entries(table.columns).map(([name, type]) => `${name} ${type}`);
    await client.query(
      `create table cdi.${table.table} (updated_at timestamptz not null, ${columns.join(', ')})`,
    );
    await client.query(`grant select on cdi.${table.table} to cdi_reader`);
    await addRows(client, table, table.rows);
  }
  return client;
}

export async function addRows(
  client: pg.Client,
  table: SampleTable,
  rows: readonly SampleRow[],
): Promise<void> {
  const names = Object.keys(table.columns);
  const arrays = names.map(
    (name, index) => `$${index + 2}::${table.columns[name] === 'boolean' ? 'boolean' : 'text'}[]`,
  );
  const sql =
    `insert into cdi.${table.table} (updated_at, ${names.join(', ')}) ` +
    `select timestamptz 'epoch' + at * interval '1 microsecond', ${names.join(', ')} ` +
    `from unnest($1::bigint[], ${arrays.join(', ')}) as rows(at, ${names.join(', ')})`;
  for (let start = 0; start < rows.length; start += CHUNK) {
    const chunk = rows.slice(start, start + CHUNK);
    await client.query(sql, [
      chunk.map(({ at }) => at),
      ...names.map((name) => chunk.map(({ columns }) => columns[name] ?? null)),
    ]);
  }
}
