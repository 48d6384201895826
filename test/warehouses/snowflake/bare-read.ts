/** Reads with the bare driver, as its own documentation shows it: what the product's reading is measured against. */
import type { Connection, RowStatement } from 'snowflake-sdk';
import { loadDriver } from '../../../activities/warehouses/snowflake/driver.ts';
import { readQuery } from '../../../activities/warehouses/snowflake/sql.ts';
import type { SourceTable } from '../../../activities/warehouses/warehouse.ts';
import { type SourceColumns, resolveColumns } from '../../../model/source-columns.ts';
import type { SnowflakeAccount } from './account.ts';
import { columnsOf } from './tables.ts';

const EVERYTHING = { from: null, inclusive: true, to: null };

/** @returns how many rows there were */
export async function bareRead(account: SnowflakeAccount, source: SourceTable): Promise<number> {
  const connection = await connect(account);
  try {
    const { text } = readQuery(source, attributeColumns(), EVERYTHING, Infinity);
    const statement = await new Promise<RowStatement>((resolve, reject) => {
      connection.execute({
        sqlText: text,
        streamResult: true,
        complete: (error, done) => (error ? reject(error) : resolve(done)),
      });
    });
    return await new Promise<number>((resolve, reject) => {
      let rows = 0;
      statement
        .streamRows()
        .on('data', () => (rows += 1))
        .on('end', () => resolve(rows))
        .on('error', reject);
    });
  } finally {
    await new Promise<void>((resolve) => connection.destroy(() => resolve()));
  }
}

async function connect({ definition, secrets }: SnowflakeAccount): Promise<Connection> {
  const driver = await loadDriver();
  const connection = driver.createConnection({
    account: definition.account,
    accessUrl: definition.url ?? '',
    username: definition.user,
    authenticator: 'SNOWFLAKE_JWT',
    privateKey: secrets['private_key']?.trim() ?? '',
    privateKeyPass: secrets['passphrase'] ?? '',
    role: definition.role ?? '',
    warehouse: definition.virtual_warehouse ?? '',
    database: definition.database,
  });
  return new Promise((resolve, reject) => {
    connection.connect((error, opened) => (error ? reject(error) : resolve(opened)));
  });
}

/** The columns of a table of attributes, as the product finds them. */
function attributeColumns(): SourceColumns {
  const types = Object.entries(columnsOf({ dataType: 'attributes' }));
  return resolveColumns(
    'attributes',
    types.map(([name, type]) => ({ name, type, kind: type === 'VARCHAR' ? 'text' : 'timestamp' })),
  );
}
