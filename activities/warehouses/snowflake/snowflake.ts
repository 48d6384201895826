/** Snowflake, over its own driver. */
import type { SnowflakeCredential } from '../../../model/credentials/snowflake.ts';
import { CdiError } from '../../../model/errors.ts';
import type { Warehouse, WarehouseConnection } from '../warehouse.ts';
import { columnOf } from './columns.ts';
import { connectSnowflake } from './connect.ts';
import { type TextRow, streamRows } from './read.ts';
import { rowReader } from './rows.ts';
import type { SnowflakeSession } from './session.ts';
import {
  CURRENT_WAREHOUSE,
  type Query,
  clockQuery,
  countAfterQuery,
  countByHashQuery,
  countQuery,
  countWithoutTimestampQuery,
  describeQuery,
  readQuery,
  readRoles,
} from './sql.ts';

const FRACTION_DIGITS = 9;
const NO_ACTIVE_WAREHOUSE = '000606';

export const snowflake: Warehouse<SnowflakeCredential> = {
  connect: async (credential, options) => connectionOver(await connectSnowflake(credential, options)),

  instant(utc) {
    const [seconds = '', fraction = ''] = utc.replace(/Z$/, '').split('.');
    return `${seconds}.${fraction.padEnd(FRACTION_DIGITS, '0').slice(0, FRACTION_DIGITS)}`;
  },
};

function connectionOver(session: SnowflakeSession): WarehouseConnection {
  const askAll = async (query: Query): Promise<TextRow[]> => {
    const rows: TextRow[] = [];
    for await (const group of streamRows(session, await session.run(query))) rows.push(...group);
    return rows;
  };
  const ask = async (query: Query): Promise<TextRow> => (await askAll(query))[0] ?? [];
  const askNumber = async (query: Query): Promise<number> => Number((await ask(query))[0]);

  const hasWarehouse = async (): Promise<boolean> => (await ask(CURRENT_WAREHOUSE))[0] !== null;

  return {
    async describe(source) {
      const statement = await session.run(describeQuery(source)).catch(async (error: unknown) => {
        if (!(error instanceof CdiError && error.vendorCode === NO_ACTIVE_WAREHOUSE)) throw error;
        throw (await hasWarehouse()) ? error : noWarehouse();
      });
      return (statement.getColumns() ?? []).map(columnOf);
    },

    async clock(lagMs) {
      const [now, upper] = await ask(clockQuery(lagMs));
      return { now: String(now), upper: String(upper) };
    },

    countAfter: (source, columns, instant) => askNumber(countAfterQuery(source, columns, instant)),

    count: (source, columns, range) => askNumber(countQuery(source, columns, range)),

    async countByHash(source, columns, range, digits) {
      const groups = await askAll(countByHashQuery(source, columns, range, digits));
      return new Map(groups.map(([prefix, rows]) => [String(prefix), Number(rows)]));
    },

    countWithoutTimestamp: (source, columns) => askNumber(countWithoutTimestampQuery(source, columns)),

    async *read(source, columns, range, limit) {
      const statement = await session.runOrFind(readQuery(source, columns, range, limit));
      const toSourceRow = rowReader(readRoles(columns));
      for await (const group of streamRows(session, statement)) yield group.map(toSourceRow);
    },

    close: () => session.close(),
  };
}

/** Snowflake lets in who names a virtual warehouse that is not there or may not be used, and then says what it says of a suspended one. */
const noWarehouse = (): CdiError =>
  new CdiError(
    'permission_denied',
    `The session has no virtual warehouse (${NO_ACTIVE_WAREHOUSE}): credential and user name none, it does not exist, or the role lacks USAGE on it.`,
    { vendorCode: NO_ACTIVE_WAREHOUSE },
  );
