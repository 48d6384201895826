/** Amazon Redshift over the PostgreSQL wire protocol, with the `pg` driver. */
import type { RedshiftCredential } from '../../../model/credentials/redshift.ts';
import type { Column, ColumnKind } from '../../../model/source-columns.ts';
import { EncodedRow } from '../../rows/encoded-row.ts';
import type { Warehouse, WarehouseConnection } from '../warehouse.ts';
import type { RedshiftClient } from './client.ts';
import { connectRedshift } from './connect.ts';
import { withLargePayload } from './large-payloads.ts';
import { type RowOf, readRows } from './read.ts';
import {
  type Query,
  clockQuery,
  countAfterQuery,
  countByHashQuery,
  countQuery,
  countWithoutTimestampQuery,
  describeQuery,
  isSuper,
  readQuery,
} from './sql.ts';

/** Type numbers of the wire protocol; 4000 is Redshift's SUPER. */
const TYPES: Record<number, { type: string; kind: ColumnKind }> = {
  16: { type: 'boolean', kind: 'boolean' },
  18: { type: 'char', kind: 'text' },
  20: { type: 'bigint', kind: 'integer' },
  21: { type: 'smallint', kind: 'integer' },
  23: { type: 'integer', kind: 'integer' },
  25: { type: 'text', kind: 'text' },
  114: { type: 'json', kind: 'json' },
  1042: { type: 'char', kind: 'text' },
  1043: { type: 'varchar', kind: 'text' },
  1082: { type: 'date', kind: 'other' },
  1114: { type: 'timestamp', kind: 'timestamp' },
  1184: { type: 'timestamptz', kind: 'timestamp' },
  3802: { type: 'jsonb', kind: 'json' },
  4000: { type: 'super', kind: 'json' },
};

export const redshift: Warehouse<RedshiftCredential> = {
  connect: async (credential, options) => connectionOver(await connectRedshift(credential, options)),

  instant(utc) {
    const [date, time = ''] = utc.replace(/Z$/, '').split('T');
    const [seconds, fraction = ''] = time.split('.');
    return `${date} ${seconds}.${fraction.padEnd(6, '0').slice(0, 6)}`;
  },
};

const asItLies: RowOf = (bytes, start, end) => new EncodedRow(bytes, start, end);

function connectionOver(connection: RedshiftClient): WarehouseConnection {
  const askAll = async (query: Query): Promise<Record<string, string>[]> =>
    (await connection.ask(query)).rows;
  const ask = async (query: Query): Promise<Record<string, string>> => (await askAll(query))[0] ?? {};

  return {
    async describe(source) {
      const { fields } = await connection.ask(describeQuery(source));
      return fields.map((field): Column => ({
        name: field.name,
        ...(TYPES[field.dataTypeID] ?? { type: `type ${field.dataTypeID}`, kind: 'other' }),
      }));
    },

    async clock(lagMs) {
      const { now = '', upper = '' } = await ask(clockQuery(lagMs));
      return { now, upper };
    },

    countAfter: async (source, columns, instant) =>
      Number((await ask(countAfterQuery(source, columns, instant)))['rows']),

    count: async (source, columns, range) => Number((await ask(countQuery(source, columns, range)))['rows']),

    countByHash: async (source, columns, range, digits) => {
      const groups = await askAll(countByHashQuery(source, columns, range, digits));
      return new Map(groups.map(({ prefix, rows }) => [prefix ?? '', Number(rows)]));
    },

    countWithoutTimestamp: async (source, columns) =>
      Number((await ask(countWithoutTimestampQuery(source, columns)))['rows']),

    read: (source, columns, range, limit) =>
      readRows(
        connection,
        readQuery(source, columns, range, limit),
        isSuper(columns.payload) ? withLargePayload : asItLies,
      ),

    close: () => connection.close(),
  };
}
