/** Snowflake is fakesnow here, behind the account of `server/` and a network that can be cut. */
import type { SourceTable } from '../../../activities/warehouses/warehouse.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import type { StandIn, StandInRow, TableSpec } from '../stand-in.ts';
import { type SnowflakeAccount, makeAccount } from './account.ts';
import { bareRead } from './bare-read.ts';
import { type FakesnowServer, startFakesnow } from './fakesnow-server.ts';
import { stage } from './situations.ts';
import { DEFAULT_SCHEMA, PAYLOAD_TYPES, TIMESTAMP_TYPES, columnsOf, rowsOf } from './tables.ts';

export interface SnowflakeStandIn extends StandIn {
  readonly account: SnowflakeAccount;
  readonly server: FakesnowServer;
}

export async function openSnowflake(): Promise<SnowflakeStandIn> {
  await using cleanup = new AsyncDisposableStack();
  const server = cleanup.use(await startFakesnow());
  const network = cleanup.use(await startTcpProxy(server.port));
  const account = await makeAccount(server, network.port);
  let staged = 0;

  const make = async (
    { name: table, schema = DEFAULT_SCHEMA, ...spec }: TableSpec,
    rows: readonly StandInRow[],
    columns = columnsOf(spec),
    privileges: readonly string[] = ['SELECT'],
  ): Promise<SourceTable> => {
    const values = rowsOf(rows, spec.columnCase);
    await server.put('table', { schema, name: table, columns, privileges, rows: values });
    return { schema, table };
  };

  const whole = cleanup.move();
  return {
    warehouse: 'snowflake',
    fractionDigits: 9,
    mostRows: 100_000,
    takesWritesWhileRead: true,
    payloadTypes: PAYLOAD_TYPES,
    timestampTypes: TIMESTAMP_TYPES,
    account,
    server,
    createTable: (spec, rows) => make(spec, rows),
    createLargeTable: async (name, rows, payloadBytes) => {
      const source = await make({ name, dataType: 'attributes' }, []);
      await server.post('fill', { schema: source.schema, name, rows, payload_bytes: payloadBytes });
      return source;
    },
    addRows: ({ schema, table }, _, rows) => server.post('rows', { schema, name: table, rows: rowsOf(rows) }),
    createView: async (name, over) => {
      await server.put('view', { schema: over.schema, name, over: over.table });
      return { ...over, table: name };
    },
    stage: (situation) =>
      stage(situation, {
        account,
        server,
        makeTable: (rows, { columns, privileges } = {}) => {
          const spec: TableSpec = { name: `STAGED_${++staged}`, dataType: 'attributes' };
          return make(spec, rows, columns, privileges);
        },
      }),
    network,
    slowDown: async () => {
      await server.trouble({ slow: true });
      return () => server.trouble({ slow: false });
    },
    runningQueries: async () => (await server.state()).running,
    seenQueries: async () => (await server.state()).seen,
    expireToken: () => server.trouble({ expireTokens: true }),
    openSessions: async () => (await server.state()).sessions,
    refusedStatements: async () => (await server.state()).refused,
    bareRead: (source) => bareRead(account, source),
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}
