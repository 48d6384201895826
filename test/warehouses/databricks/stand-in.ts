/** Databricks is Apache Spark here, behind a front and a network that can be cut. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SourceTable } from '../../../activities/warehouses/warehouse.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import { HOSTILE_NAMES } from '../conformance/names.ts';
import type { StandIn, StandInRow, TableSpec } from '../stand-in.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { bareRead } from './bare-read.ts';
import { type Front, startFront } from './front.ts';
import { type DatabricksAccount, stage } from './situations.ts';
import { startSpark } from './spark.ts';
import {
  ANY_NAME_SCHEMA,
  DEFAULT_SCHEMA,
  PAYLOAD_TYPES,
  TIMESTAMP_TYPES,
  type TableColumn,
  columnsOf,
  createStatement,
  insertStatement,
  largeTableStatement,
  literal,
  qualified,
  quote,
} from './tables.ts';
import { Upstream } from './upstream.ts';

/** Other names Spark takes for views of one schema alone. */
const PLAIN_NAME = /^\w+$/;

export interface DatabricksStandIn extends StandIn {
  /** A service principal's. */
  readonly account: DatabricksAccount;
  /** The same workspace, by a personal access token. */
  readonly tokenAccount: DatabricksAccount;
  readonly front: Front;
  /** A view over a table that fails at its first row, with the row's identifier in what Spark says. */
  createFailingView(name: string, over: SourceTable): Promise<SourceTable>;
}

export async function openDatabricks(): Promise<DatabricksStandIn> {
  await using cleanup = new AsyncDisposableStack();
  const spark = cleanup.use(await startSpark());
  const upstream = new Upstream(spark.port);
  const front = cleanup.use(await startFront(upstream));
  const network = cleanup.use(await startTcpProxy(front.port));
  const folder = cleanup.use(await temporaryFolder('databricks'));
  const ca = join(folder.path, 'ca.pem');
  await writeFile(ca, front.ca);

  const admin = await upstream.openSession();
  const run = (statement: string): Promise<unknown> => upstream.run(admin, statement);
  await run('set spark.sql.session.timeZone=UTC');
  // The first statement of all, and the first end of a session, take Spark seconds.
  await Promise.all([
    run(`create schema ${DEFAULT_SCHEMA}`),
    upstream.openSession().then((session) => upstream.closeSession(session)),
  ]);

  const workspace = {
    kind: 'credential',
    name: 'databricks',
    warehouse: 'databricks',
    host: 'localhost',
    port: network.port,
    http_path: front.httpPath,
    catalog: 'spark_catalog',
    ca,
  } as const;
  const { logins, warehouse } = front;
  const account: DatabricksAccount = {
    definition: { ...workspace, client_id: logins.clientId, client_secret: '${env:DATABRICKS_SECRET}' },
    secrets: { client_secret: logins.clientSecret },
  };
  const tokenAccount: DatabricksAccount = {
    definition: { ...workspace, token: '${env:DATABRICKS_TOKEN}' },
    secrets: { token: logins.token },
  };

  let made = 0;
  const fill = async (
    source: SourceTable,
    columns: readonly TableColumn[],
    rows: readonly StandInRow[],
  ): Promise<void> => {
    if (rows.length > 0) await run(insertStatement(source, columns, rows));
  };
  const makeTable = async (
    columns: readonly TableColumn[],
    rows: readonly StandInRow[],
    source = { schema: DEFAULT_SCHEMA, table: `made_${++made}` },
  ): Promise<SourceTable> => {
    await run(createStatement(source, columns));
    await fill(source, columns, rows);
    return source;
  };
  const structOf = async (rows: readonly StandInRow[]): Promise<string> => {
    const example = rows.find(({ payload }) => typeof payload === 'string')?.payload ?? '{}';
    return upstream.askText(admin, `select schema_of_json(${literal(example)})`);
  };
  const createTable = async (spec: TableSpec, rows: readonly StandInRow[]): Promise<SourceTable> => {
    const { name, schema = DEFAULT_SCHEMA } = spec;
    const columns = columnsOf(spec, spec.payloadType === 'STRUCT' ? await structOf(rows) : undefined);
    if (schema !== DEFAULT_SCHEMA) await run(`create schema if not exists ${quote(schema)}`);
    if (PLAIN_NAME.test(name)) return makeTable(columns, rows, { schema, table: name });
    const view = { schema: ANY_NAME_SCHEMA, table: name };
    const over = await makeTable(columns, rows);
    await run(`create global temporary view ${quote(name)} as select * from ${qualified(over)}`);
    return view;
  };

  const whole = cleanup.move();
  return {
    warehouse: 'databricks',
    fractionDigits: 6,
    mostRows: 100_000,
    takesWritesWhileRead: true,
    payloadTypes: PAYLOAD_TYPES,
    timestampTypes: TIMESTAMP_TYPES,
    allowedNames: { tables: HOSTILE_NAMES, schemas: HOSTILE_NAMES.filter((name) => PLAIN_NAME.test(name)) },
    account,
    tokenAccount,
    front,
    createTable,
    createLargeTable: async (name, rows, payloadBytes) => {
      const source = { schema: DEFAULT_SCHEMA, table: name };
      await run(largeTableStatement(source, rows, payloadBytes));
      return source;
    },
    addRows: (source, dataType, rows) => fill(source, columnsOf({ dataType }), rows),
    createView: async (name, over) => {
      const view = { ...over, table: name };
      await run(`create view ${qualified(view)} as select * from ${qualified(over)}`);
      return view;
    },
    createFailingView: async (name, over) => {
      const view = { ...over, table: name };
      const columns = 'updated_at, external_id, cast(cast(external_id as int) as string) as payload';
      await run(`create view ${qualified(view)} as select ${columns} from ${qualified(over)}`);
      return view;
    },
    stage: (situation) => stage(situation, { account, warehouse, makeTable }),
    network,
    slowDown: async () => {
      warehouse.isSlow = true;
      return async () => {
        warehouse.isSlow = false;
      };
    },
    runningQueries: () => warehouse.running(),
    seenQueries: async () => warehouse.seen,
    openSessions: async () => warehouse.openSessions,
    refusedStatements: async () => warehouse.refused,
    expireToken: () => logins.untilExpired(),
    bareRead: (source) => bareRead(tokenAccount, source),
    benchAccount: { ...tokenAccount, definition: { ...tokenAccount.definition, port: front.port } },
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}
