/** Google BigQuery over its REST API, with the vendor's driver `@google-cloud/bigquery`. */
import type { BigqueryCredential } from '../../../model/credentials/bigquery.ts';
import { CdiError } from '../../../model/errors.ts';
import type { SourceTable, Warehouse, WarehouseConnection } from '../warehouse.ts';
import { type Field, columnOf } from './column-types.ts';
import { connectBigquery } from './connect.ts';
import type { QueryJobs } from './query-jobs.ts';
import { readRows } from './read.ts';
import {
  type Query,
  clockQuery,
  countAfterQuery,
  countByHashQuery,
  countQuery,
  countWithoutTimestampQuery,
  describePartitionedQuery,
  describeQuery,
  readQuery,
} from './sql.ts';

export const bigquery: Warehouse<BigqueryCredential> = {
  connect: async (credential, options) => connectionOver(await connectBigquery(credential, options)),

  instant(utc) {
    const [seconds, fraction = ''] = utc.replace(/Z$/, '').split('.');
    return `${seconds}.${fraction.padEnd(6, '0').slice(0, 6)}Z`;
  },
};

function connectionOver(jobs: QueryJobs): WarehouseConnection {
  const count = async (query: Query): Promise<number> => Number((await jobs.answer(query))[0]?.f[0]?.v);

  return {
    describe: async (source) => (await fieldsOf(jobs, source)).map(columnOf),

    async clock(lagMs) {
      const [row] = await jobs.answer(clockQuery(lagMs));
      const [now, upper] = row?.f ?? [];
      return { now: now?.v ?? '', upper: upper?.v ?? '' };
    },

    countAfter: (source, columns, instant) => count(countAfterQuery(source, columns, instant)),

    count: (source, columns, range) => count(countQuery(source, columns, range)),

    countByHash: async (source, columns, range, digits) => {
      const groups = await jobs.answer(countByHashQuery(source, columns, range, digits));
      return new Map(groups.map(({ f: [prefix, rows] }) => [prefix?.v ?? '', Number(rows?.v)]));
    },

    countWithoutTimestamp: (source, columns) => count(countWithoutTimestampQuery(source, columns)),

    read: (source, columns, range, limit) => readRows(jobs, readQuery(source, columns, range, limit)),

    close: () => jobs.close(),
  };
}

/** Without a filter no query is planned of a table that requires one. */
async function fieldsOf(jobs: QueryJobs, source: SourceTable): Promise<readonly Field[]> {
  try {
    return await jobs.plan(describeQuery(source));
  } catch (error) {
    if (!(error instanceof CdiError) || error.type !== 'query_refused') throw error;
    return jobs.plan(describePartitionedQuery(source)).catch(() => {
      throw error;
    });
  }
}
