/** Reads a large table with the driver alone, for the bench: the same query, in the driver's fastest form. */
import { readFile } from 'node:fs/promises';
import { DBSQLClient } from '@databricks/sql';
import { readQuery } from '../../../activities/warehouses/databricks/sql.ts';
import type { SourceTable } from '../../../activities/warehouses/warehouse.ts';
import type { Column, SourceColumns } from '../../../model/source-columns.ts';
import type { DatabricksAccount } from './situations.ts';

const CHUNK_ROWS = 10_000;
const text = (name: string): Column => ({ name, kind: 'text', type: 'STRING' });
const COLUMNS: SourceColumns = {
  updatedAt: { name: 'updated_at', kind: 'timestamp', type: 'TIMESTAMP' },
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
  { definition, secrets }: DatabricksAccount,
  source: SourceTable,
): Promise<number> {
  const { host, port, http_path: path, catalog: initialCatalog, ca = '' } = definition;
  const client = new DBSQLClient({ logger: { log: () => undefined } });
  const login = { token: secrets['token'] ?? '', customCaCert: await readFile(ca, 'utf8') };
  await client.connect({ host, port, path, ...login, telemetryEnabled: false });
  try {
    const session = await client.openSession({ initialCatalog, configuration: { TIMEZONE: 'UTC' } });
    const query = readQuery(source, COLUMNS, { from: null, inclusive: true, to: null }, Infinity);
    const operation = await session.executeStatement(query, { maxRows: CHUNK_ROWS, useCloudFetch: false });
    let rows = 0;
    for await (const chunk of operation.iterateChunks({ maxRows: CHUNK_ROWS, disableBuffering: true }))
      rows += chunk.length;
    await operation.close();
    return rows;
  } finally {
    await client.close();
  }
}
