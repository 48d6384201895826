/** Reads a large table with the driver alone, for the bench: the same query, in the driver's fastest form. */
import { readFile } from 'node:fs/promises';
import { ClientSecretCredential } from '@azure/identity';
import sql from 'mssql';
import { readQuery } from '../../../activities/warehouses/fabric/sql.ts';
import type { SourceTable } from '../../../activities/warehouses/warehouse.ts';
import type { Column, SourceColumns } from '../../../model/source-columns.ts';
import type { FabricAccount } from './situations.ts';

const text = (name: string): Column => ({ name, kind: 'text', type: 'varchar' });
const COLUMNS: SourceColumns = {
  updatedAt: { name: 'UPDATED_AT', kind: 'timestamp', type: 'datetime2' },
  externalId: text('EXTERNAL_ID'),
  aliasName: text('ALIAS_NAME'),
  aliasLabel: text('ALIAS_LABEL'),
  brazeId: text('BRAZE_ID'),
  email: text('EMAIL'),
  phone: text('PHONE'),
  payload: text('PAYLOAD'),
};

/** @returns how many rows there were */
export async function bareRead({ definition, secrets }: FabricAccount, source: SourceTable): Promise<number> {
  const {
    server,
    port,
    database,
    tenant_id: tenant,
    client_id: client,
    authority,
    ca: caFile = '',
  } = definition;
  const ca = await readFile(caFile, 'utf8');
  const credential = new ClientSecretCredential(tenant, client, secrets['client_secret'] ?? '', {
    ...(authority === undefined ? {} : { authorityHost: authority }),
    disableInstanceDiscovery: true,
    tlsOptions: { ca },
  });
  const pool = await new sql.ConnectionPool({
    server,
    port,
    database,
    authentication: { type: 'token-credential', options: { credential } },
    options: { encrypt: true, cryptoCredentialsDetails: { ca }, requestTimeout: 0 },
  }).connect();
  try {
    const { promise: done, resolve, reject } = Promise.withResolvers<undefined>();
    const request = pool.request();
    request.stream = true;
    request.arrayRowMode = true;
    let rows = 0;
    request.on('row', () => (rows += 1));
    request.on('error', reject);
    request.on('done', () => resolve(undefined));
    void request.query(readQuery(source, COLUMNS, { from: null, inclusive: true, to: null }, Infinity).text);
    await done;
    return rows;
  } finally {
    await pool.close();
  }
}
