/** Databricks SQL, with the driver `@databricks/sql`. */
import type { DatabricksCredential } from '../../../model/credentials/databricks.ts';
import type { Column, ColumnKind } from '../../../model/source-columns.ts';
import type { Warehouse, WarehouseConnection } from '../warehouse.ts';
import { type DatabricksConnection, connectDatabricks } from './connect.ts';
import { classifyDatabricks } from './errors.ts';
import { readRows } from './read.ts';
import {
  clockQuery,
  countAfterQuery,
  countByHashQuery,
  countQuery,
  countWithoutTimestampQuery,
  describeQuery,
  readQuery,
} from './sql.ts';
import type { ResultRow, Statement } from './statement.ts';

/** Numbers of `TTypeId`. TIMESTAMP_NTZ comes as TIMESTAMP, VARIANT as STRING with JSON in it. */
const TYPES: Record<number, { type: string; kind: ColumnKind }> = {
  0: { type: 'BOOLEAN', kind: 'boolean' },
  1: { type: 'TINYINT', kind: 'integer' },
  2: { type: 'SMALLINT', kind: 'integer' },
  3: { type: 'INT', kind: 'integer' },
  4: { type: 'BIGINT', kind: 'integer' },
  5: { type: 'FLOAT', kind: 'other' },
  6: { type: 'DOUBLE', kind: 'other' },
  7: { type: 'STRING', kind: 'text' },
  8: { type: 'TIMESTAMP', kind: 'timestamp' },
  9: { type: 'BINARY', kind: 'other' },
  10: { type: 'ARRAY', kind: 'other' },
  11: { type: 'MAP', kind: 'json' },
  12: { type: 'STRUCT', kind: 'json' },
  15: { type: 'DECIMAL', kind: 'other' },
  17: { type: 'DATE', kind: 'other' },
  18: { type: 'VARCHAR', kind: 'text' },
  19: { type: 'CHAR', kind: 'text' },
};

/** Of the answers that are read whole; 256 counts by hash are the most. */
const ANSWER_ROWS = 10_000;

export const databricks: Warehouse<DatabricksCredential> = {
  connect: async (credential, options) => connectionOver(await connectDatabricks(credential, options)),

  instant(utc) {
    const [date, time = ''] = utc.replace(/Z$/, '').split('T');
    const [seconds, fraction = ''] = time.split('.');
    return `${date} ${seconds}.${fraction.padEnd(6, '0').slice(0, 6)}`;
  },
};

function connectionOver(connection: DatabricksConnection): WarehouseConnection {
  const use = async <T>(query: string, asked: (statement: Statement) => Promise<T>): Promise<T> => {
    try {
      await using statement = connection.execute(query, ANSWER_ROWS);
      return await statement.answer(asked(statement));
    } catch (error) {
      throw classifyDatabricks(error);
    }
  };
  const askAll = (query: string): Promise<ResultRow[]> =>
    use(query, async (statement) => {
      const all: ResultRow[] = [];
      for (;;) {
        const rows = await statement.fetch(ANSWER_ROWS);
        if (rows.length === 0) return all;
        all.push(...rows);
      }
    });
  const ask = async (query: string): Promise<ResultRow> => (await askAll(query))[0] ?? {};
  const count = async (query: string): Promise<number> => Number((await ask(query))['rows']);

  return {
    describe: async (source) =>
      use(describeQuery(source), async (statement) => {
        const columns = await statement.columns();
        return columns.map(({ name, type }): Column => ({
          name,
          ...(TYPES[type ?? -1] ?? { type: `type ${type ?? 'unknown'}`, kind: 'other' }),
        }));
      }),

    async clock(lagMs) {
      const { now, upper } = await ask(clockQuery(lagMs));
      return { now: now ?? '', upper: upper ?? '' };
    },

    countAfter: (source, columns, instant) => count(countAfterQuery(source, columns, instant)),

    count: (source, columns, range) => count(countQuery(source, columns, range)),

    countByHash: async (source, columns, range, digits) => {
      const groups = await askAll(countByHashQuery(source, columns, range, digits));
      return new Map(groups.map(({ prefix, rows }) => [prefix ?? '', Number(rows)]));
    },

    countWithoutTimestamp: (source, columns) => count(countWithoutTimestampQuery(source, columns)),

    read: (source, columns, range, limit) =>
      readRows(connection, readQuery(source, columns, range, limit), limit),

    close: () => connection.close(),
  };
}
