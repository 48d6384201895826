/** Reads a large table with the driver alone, for the bench: the same query, in the driver's fastest form. */
import pg from 'pg';
import { readQuery } from '../../../activities/warehouses/redshift/sql.ts';
import type { SourceTable } from '../../../activities/warehouses/warehouse.ts';
import type { Column, SourceColumns } from '../../../model/source-columns.ts';
import type { RedshiftAccount } from './situations.ts';

const text = (name: string): Column => ({ name, kind: 'text', type: 'varchar' });
const COLUMNS: SourceColumns = {
  updatedAt: { name: 'updated_at', kind: 'timestamp', type: 'timestamptz' },
  externalId: text('external_id'),
  aliasName: text('alias_name'),
  aliasLabel: text('alias_label'),
  brazeId: text('braze_id'),
  email: text('email'),
  phone: text('phone'),
  payload: text('payload'),
};

/** @returns how many rows there were */
export async function bareRead(
  { definition, secrets }: RedshiftAccount,
  source: SourceTable,
): Promise<number> {
  const { host, port, database, user } = definition;
  const client = new pg.Client({ host, port, database, user, password: secrets['password'] ?? '' });
  await client.connect();
  try {
    const { text: sql, values } = readQuery(
      source,
      COLUMNS,
      { from: null, inclusive: true, to: null },
      Infinity,
    );
    const { promise: done, resolve, reject } = Promise.withResolvers<undefined>();
    // Every column is text already: nothing is parsed.
    const types = { getTypeParser: () => (value: string | Buffer) => value };
    const config: pg.QueryArrayConfig<string[]> = { text: sql, values: [...values], rowMode: 'array', types };
    const query = new pg.Query(config);
    let rows = 0;
    query.on('row', () => (rows += 1));
    query.on('error', reject);
    query.on('end', () => resolve(undefined));
    client.query(query);
    await done;
    return rows;
  } finally {
    await client.end();
  }
}
