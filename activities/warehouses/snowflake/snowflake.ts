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

  return {
    async describe(source) {
      const statement = await session.run(describeQuery(source));
      requireWarehouse(statement.getSessionState());
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

/**
 * Snowflake lets anybody in who names a virtual warehouse that does not exist or may not be used, and answers what needs none:
 * the first read would fail.
 */
function requireWarehouse(state: object | undefined): void {
  const current: unknown = state && Reflect.get(state, 'getCurrentWarehouse');
  const name: unknown = typeof current === 'function' ? current.call(state) : undefined;
  if (name === null || name === '')
    throw new CdiError(
      'permission_denied',
      'The session has no virtual warehouse: the credential and the user name none, it does not exist, or the role lacks USAGE on it.',
    );
}
