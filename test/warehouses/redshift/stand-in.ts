/** Redshift is PostgreSQL here, behind TLS and a network that can be cut. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SourceTable } from '../../../activities/warehouses/warehouse.ts';
import { followStatements } from '../../support/redshift-log.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import type { StandIn, StandInRow, TableSpec } from '../stand-in.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { bareRead } from './bare-read.ts';
import { makeDatabase } from './database.ts';
import { type RedshiftAccount, stage } from './situations.ts';
import {
  PAYLOAD_TYPES,
  TIMESTAMP_TYPES,
  createTable,
  fillLargeTable,
  insertRows,
  plainSpec,
  qualified,
} from './tables.ts';
import { startTlsFront } from './tls-front.ts';

export interface RedshiftServers {
  /** A superuser's. */
  readonly postgresUrl: string;
  readonly postgresLog: string;
}

export interface RedshiftStandIn extends StandIn {
  readonly account: RedshiftAccount;
  /** A view that fails on every payload that is no number, with an error that quotes it. */
  createFailingView(name: string, over: SourceTable): Promise<SourceTable>;
  /** What the open sessions of the product call themselves. */
  applicationNames(): Promise<string[]>;
  /** Ends them, as an administrator does. */
  endSessions(): Promise<void>;
}

export async function openRedshift({ postgresUrl, postgresLog }: RedshiftServers): Promise<RedshiftStandIn> {
  await using cleanup = new AsyncDisposableStack();
  const database = cleanup.use(await makeDatabase(postgresUrl));
  const { admin, user, password } = database;
  const front = cleanup.use(await startTlsFront(Number(new URL(postgresUrl).port)));
  const network = cleanup.use(await startTcpProxy(front.port));
  const log = await followStatements(postgresLog);
  const folder = cleanup.use(await temporaryFolder('redshift'));
  const ca = join(folder.path, 'ca.pem');
  await writeFile(ca, front.ca);

  const account: RedshiftAccount = {
    definition: {
      kind: 'credential',
      name: 'redshift',
      warehouse: 'redshift',
      host: 'localhost',
      port: network.port,
      database: database.name,
      user,
      password: '${env:REDSHIFT_PASSWORD}',
      tls: 'verify',
      ca,
    },
    secrets: { password },
  };
  const { ca: _, ...withoutTls } = account.definition;
  const benchAccount: RedshiftAccount = {
    ...account,
    definition: { ...withoutTls, port: Number(new URL(postgresUrl).port), tls: 'off' },
  };
  let staged = 0;
  const make = async (spec: TableSpec, rows: readonly StandInRow[]): Promise<SourceTable> => {
    const source = await createTable(admin, user, spec);
    await insertRows(admin, source, spec, rows);
    return source;
  };
  const makeView = async (name: string, over: SourceTable, columns: string): Promise<SourceTable> => {
    const view = { ...over, table: name };
    await admin.query(`create view ${qualified(view)} as select ${columns} from ${qualified(over)}`);
    await admin.query(`grant select on ${qualified(view)} to ${user}`);
    return view;
  };
  const counted = async (query: string): Promise<number> => {
    const { rows } = await admin.query<{ count: string }>(query, [user]);
    return Number(rows[0]?.count);
  };

  const whole = cleanup.move();
  return {
    warehouse: 'redshift',
    fractionDigits: 6,
    mostRows: 100_000,
    takesWritesWhileRead: true,
    payloadTypes: PAYLOAD_TYPES,
    timestampTypes: TIMESTAMP_TYPES,
    account,
    createTable: make,
    createLargeTable: async (name, rows, payloadBytes) => {
      const source = await createTable(admin, user, { name, dataType: 'attributes' });
      await fillLargeTable(admin, source, rows, payloadBytes);
      return source;
    },
    addRows: (source, dataType, rows) => insertRows(admin, source, plainSpec(dataType), rows),
    createView: (name, over) => makeView(name, over, '*'),
    createFailingView: (name, over) =>
      makeView(name, over, 'updated_at, external_id, payload::int::varchar as payload'),
    stage: (situation) =>
      stage(situation, {
        account,
        database,
        makeTable: (rows) => make({ name: `staged_${++staged}`, dataType: 'attributes' }, rows),
      }),
    network,
    slowDown: async () => {
      const locker = await database.connect();
      const { rows } = await locker.query<{ schema: string; table: string }>(
        `select schemaname as schema, tablename as table from pg_tables
          where schemaname not in ('pg_catalog', 'information_schema')`,
      );
      await locker.query(`begin; lock table ${rows.map(qualified).join(', ')}`);
      return () => locker.end();
    },
    runningQueries: async () => {
      const { rows } = await admin.query<{ query: string }>(
        `select query from pg_stat_activity where usename = $1 and state = 'active'`,
        [user],
      );
      return rows.map(({ query }) => query);
    },
    seenQueries: () => log.statements(),
    openSessions: () => counted('select count(*) from pg_stat_activity where usename = $1'),
    applicationNames: async () => {
      const { rows } = await admin.query<{ name: string }>(
        'select application_name as name from pg_stat_activity where usename = $1',
        [user],
      );
      return rows.map(({ name }) => name);
    },
    endSessions: async () => {
      await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where usename = $1', [user]);
    },
    refusedStatements: () => log.refused(),
    bareRead: (source) => bareRead(benchAccount, source),
    benchAccount,
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}
