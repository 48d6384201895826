/** Microsoft Fabric, its warehouses and SQL analytics endpoints, with the `mssql` driver. */
import type { FabricCredential } from '../../../model/credentials/fabric.ts';
import type { Warehouse, WarehouseConnection } from '../warehouse.ts';
import { ask } from './ask.ts';
import { type FabricClient, connectFabric } from './connect.ts';
import { readRows } from './read.ts';
import {
  type Query,
  clockQuery,
  countAfterQuery,
  countByHashQuery,
  countQuery,
  countWithoutTimestampQuery,
  describeQuery,
  fullWidth,
  readQuery,
} from './sql.ts';

export const fabric: Warehouse<FabricCredential> = {
  connect: async (credential, options) => connectionOver(await connectFabric(credential, options)),

  instant: (utc) => fullWidth(utc.replace(/Z$/, '')),
};

function connectionOver(client: FabricClient): WarehouseConnection {
  const count = async (query: Query): Promise<number> =>
    Number((await ask(client, query)).rows[0]?.['found']);
  return {
    describe: async (source) => [...(await ask(client, describeQuery(source))).columns],

    async clock(lagMs) {
      const { now = '', upper = '' } = (await ask(client, clockQuery(lagMs))).rows[0] ?? {};
      return { now: fullWidth(now), upper: fullWidth(upper) };
    },

    countAfter: (source, columns, instant) => count(countAfterQuery(source, columns, instant)),

    count: (source, columns, range) => count(countQuery(source, columns, range)),

    countByHash: async (source, columns, range, digits) => {
      const { rows } = await ask(client, countByHashQuery(source, columns, range, digits));
      return new Map(rows.map(({ prefix, found }) => [prefix ?? '', Number(found)]));
    },

    countWithoutTimestamp: (source, columns) => count(countWithoutTimestampQuery(source, columns)),

    read: (source, columns, range, limit) =>
      readRows(client, readQuery(source, columns, range, limit), columns),

    close: () => client.close(),
  };
}
