/** What a run reads from its source: every new row once, whatever the timestamps, the names and the types. */
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { runWorkflowId } from '../../../model/names.ts';
import type { RunRecord } from '../../../store/runs.ts';
import { NO_CHANGES } from '../../../store/definitions.ts';
import { type Installation, install, redshiftCredentialOf } from '../../support/installation.ts';
import { type StatementLog, followStatements } from '../../support/redshift-log.ts';
import { endOfRun, runToEnd, startRun } from '../../support/run-to-end.ts';
import {
  CATALOG_COLUMNS,
  DELETE_COLUMNS,
  EVENT_COLUMNS,
  type TableRow,
  addRows,
  createTable,
  instant,
  ledgerInstant,
} from '../../support/source-table.ts';

let installation: Installation;
let number = 0;
let log: StatementLog;

beforeAll(async () => {
  installation = await install('extraction');
  log = await followStatements(inject('postgresLog'));
  // From here on every new connection to the sources has its statements logged, and a clock far from UTC.
  await installation.source.query(`alter database extraction_source set log_statement to 'all'`);
  await installation.source.query(`alter database extraction_source set timezone to 'America/New_York'`);
  await installation.startWorker();
});

afterAll(() => installation[Symbol.asyncDispose]());

beforeEach(() => installation.braze.client.reset());

const run = (name: string): Promise<RunRecord> => runToEnd(installation.session, name);

/** A row that is an event of its own. */
const row = (updatedAt: string | null, n: number): TableRow => ({
  updated_at: updatedAt,
  external_id: `u${n % 7}`,
  payload: `{"name":"e","properties":{"n":${n}}}`,
});

interface Source {
  readonly name: string;
  readonly table: string;
}

/** Declares a sync of events over a fresh table. */
async function eventSync(
  rows: readonly TableRow[],
  sync: Readonly<Record<string, unknown>> = {},
  columns: Readonly<Record<string, string>> = EVENT_COLUMNS,
): Promise<Source> {
  number += 1;
  const source = { name: `extraction-${number}`, table: `extraction_${number}` };
  await createTable(installation.source, source.table, columns, rows);
  await installation.declare({ ...source, data_type: 'events', ...sync });
  return source;
}

/** Numbers of the events held, in order; one that arrived twice is there twice. */
async function arrived(): Promise<number[]> {
  const events = await installation.braze.client.events();
  return events.map(({ text }) => Number(/"n":(\d+)/.exec(text)?.[1])).sort((a, b) => a - b);
}

const upTo = (count: number, from = 0): number[] => Array.from({ length: count }, (_, n) => n + from);

describe('ties', () => {
  test('instants of any size lie across pages and segments, and every row goes once', async () => {
    const sizes = [1, 9, 10, 11, 25, 1, 20, 100, 19, 1];
    const rows = sizes.flatMap((size, at) => Array.from({ length: size }, () => instant(at)));
    const { name } = await eventSync(
      rows.map((at, n) => row(at, n)),
      { options: { page_size: 10, segment_rows: 20 } },
    );
    expect(await run(name)).toMatchObject({
      status: 'success',
      counts: { read: rows.length, sent: rows.length },
      watermarkAfter: ledgerInstant(sizes.length - 1),
    });
    expect(await arrived()).toEqual(upTo(rows.length));
    expect(await run(name)).toMatchObject({ status: 'success', counts: { read: 0, sent: 0, requests: 0 } });
  });

  test('rows that are equal in every column are as many events', async () => {
    const rows = Array.from({ length: 55 }, () => row(instant(0), 1));
    const { name, table } = await eventSync(rows, { options: { page_size: 10, segment_rows: 20 } });
    expect(await run(name)).toMatchObject({ counts: { read: 55, sent: 55 } });
    await addRows(installation.source, table, [row(instant(0), 1)]);
    expect(await run(name)).toMatchObject({ counts: { read: 1, sent: 1 } });
    expect(await arrived()).toEqual(Array.from({ length: 56 }, () => 1));
  });

  test('late rows at the very watermark are found, and nothing else goes again', async () => {
    const { name, table } = await eventSync(
      upTo(50).map((n) => row(instant(n < 10 ? n : 10), n)),
      { options: { page_size: 10, segment_rows: 20 } },
    );
    await run(name);
    await addRows(
      installation.source,
      table,
      upTo(3, 50).map((n) => row(instant(10), n)),
    );
    expect(await run(name)).toMatchObject({
      counts: { read: 3, sent: 3 },
      watermarkBefore: ledgerInstant(10),
      watermarkAfter: ledgerInstant(10),
    });
    await addRows(installation.source, table, [row(instant(10), 53), row(instant(11), 54)]);
    expect(await run(name)).toMatchObject({
      counts: { read: 2, sent: 2 },
      watermarkAfter: ledgerInstant(11),
    });
    expect(await arrived()).toEqual(upTo(55));
  });

  test('a microsecond tells two instants apart', async () => {
    const at = (micros: number): string => `2026-01-01T00:00:00.${String(micros).padStart(6, '0')}Z`;
    const { name, table } = await eventSync([row(at(1), 0), row(at(2), 1)], { options: { page_size: 1 } });
    expect(await run(name)).toMatchObject({ watermarkAfter: '2026-01-01 00:00:00.000002' });
    await addRows(installation.source, table, [row(at(1), 99), row(at(2), 2), row(at(3), 3)]);
    expect(await run(name)).toMatchObject({
      counts: { read: 2, sent: 2 },
      watermarkAfter: '2026-01-01 00:00:00.000003',
    });
    expect(await arrived()).toEqual(upTo(4));
  });
});

describe('the upper bound', () => {
  test('rows of the future are reported and wait; rows without a time are reported and never go', async () => {
    const { name, table } = await eventSync([row(instant(0), 0), row(null, 98), row(null, 99)]);
    await addRows(
      installation.source,
      table,
      upTo(3, 1).map((n) => row('2999-01-01T00:00:00Z', n)),
    );
    const first = await run(name);
    expect(first).toMatchObject({
      status: 'success',
      counts: { read: 1, sent: 1 },
      futureRows: 3,
      nullRows: 2,
      watermarkAfter: ledgerInstant(0),
    });
    expect(first.warnings.join('\n')).toMatch(/3 rows .* future.*\n2 rows have no UPDATED_AT/);
    await installation.source.query(`update cdi.${table} set updated_at = now() where updated_at > now()`);
    expect(await run(name)).toMatchObject({ counts: { read: 3, sent: 3 }, futureRows: 0 });
    expect(await arrived()).toEqual(upTo(4));
  });

  test('rows that are written during a run wait for the next', async () => {
    const { name, table } = await eventSync(
      upTo(300).map((n) => row(instant(n), n)),
      {
        options: { page_size: 50, segment_rows: 50, max_concurrency: 1 },
      },
    );
    await installation.braze.client.setLatency({ ms: 150 });
    const id = await startRun(installation.session, name);
    await expect.poll(async () => (await arrived()).length).toBeGreaterThan(0);
    await installation.source.query(
      `insert into cdi.${table} select clock_timestamp(), 'u', '{"name":"e","properties":{"n":300}}'`,
    );
    expect(await endOfRun(installation.session, name, id)).toMatchObject({
      counts: { read: 300, sent: 300 },
    });
    await installation.braze.client.setLatency({ ms: 0 });
    expect(await run(name)).toMatchObject({ counts: { read: 1, sent: 1 } });
    expect(await arrived()).toEqual(upTo(301));
  });

  test('the safety lag keeps rows back until writers of their time have committed', async () => {
    const { name, table } = await eventSync([row(instant(0), 0)], { options: { safety_lag: '1h' } });
    await installation.source.query(`insert into cdi.${table}
      select now() - n * interval '1 minute', 'u', '{"name":"e","properties":{"n":' || n || '}}' from unnest(array[1, 59, 61]) n`);
    expect(await run(name)).toMatchObject({ counts: { read: 2, sent: 2 }, futureRows: 0 });
    expect(await arrived()).toEqual([0, 61]);
  });
});

describe('where a sync begins and ends', () => {
  test('start_from now leaves what is there and sends what comes', async () => {
    const { name, table } = await eventSync([row(instant(0), 0)], { start_from: 'now' });
    expect(await run(name)).toMatchObject({ status: 'success', counts: { read: 0 } });
    await installation.source.query(
      `insert into cdi.${table} select now(), 'u', '{"name":"e","properties":{"n":1}}'`,
    );
    expect(await run(name)).toMatchObject({ counts: { read: 1, sent: 1 } });
    expect(await arrived()).toEqual([1]);
  });

  test('start_from a time sends the rows at that time and after it', async () => {
    const { name } = await eventSync(
      upTo(5).map((n) => row(instant(n * 1_000), n)),
      {
        start_from: '2026-01-01T00:00:02Z',
      },
    );
    await run(name);
    expect(await arrived()).toEqual([2, 3, 4]);
  });
});

describe('tables of every kind', () => {
  test('timestamps without zone are UTC, whatever the time zone of the session', async () => {
    const { name, table } = await eventSync(
      [row('2026-01-01T12:00:00.5', 0)],
      {},
      {
        ...EVENT_COLUMNS,
        updated_at: 'timestamp',
      },
    );
    // In New York this is hours ahead, and yet no future.
    await installation.source.query(`insert into cdi.${table}
      select (now() at time zone 'UTC') - interval '1 second', 'u', '{"name":"e","properties":{"n":1}}'`);
    expect(await run(name)).toMatchObject({ counts: { read: 2, sent: 2 }, futureRows: 0 });
    const [first] = await installation.braze.client.events();
    expect(first?.text).toContain('"time":"2026-01-01T12:00:00.500000Z"');
    await installation.source.query(`insert into cdi.${table}
      select (now() at time zone 'UTC') + interval '1 hour', 'u', '{"name":"e","properties":{"n":2}}'`);
    expect(await run(name)).toMatchObject({ counts: { read: 0 }, futureRows: 1 });
  });

  test('columns are found in any case, others are ignored, numbers serve as identifiers', async () => {
    const { name } = await eventSync(
      [
        {
          Updated_At: instant(0),
          EXTERNAL_ID: 9_007_199_254_740_991,
          PayLoad: '{"name":"e"}',
          updated: 'x',
          'pay load': 'y',
        },
      ],
      {},
      {
        updated: 'text',
        PayLoad: 'varchar(100)',
        'pay load': 'text',
        EXTERNAL_ID: 'bigint',
        Updated_At: 'timestamptz',
      },
    );
    expect(await run(name)).toMatchObject({ status: 'success', counts: { sent: 1 } });
    const [event] = await installation.braze.client.events();
    expect(event?.identity).toBe('external_id:9007199254740991');
  });

  test('a view of hostile names in a hostile schema', async () => {
    const schema = `we"ird; drop table "cdi`;
    const view = `it's "$1" %s\\`;
    const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
    const { table } = await eventSync(upTo(3).map((n) => row(instant(n), n)));
    await installation.source.query(`create schema ${quoted(schema)};
      create view ${quoted(schema)}.${quoted(view)} as select * from cdi.${table} where payload not like '%"n":1}%'`);
    await installation.declare({
      name: 'hostile',
      table,
      data_type: 'events',
      source: { schema, table: view },
    });
    expect(await run('hostile')).toMatchObject({ status: 'success', counts: { read: 2, sent: 2 } });
    expect(await arrived()).toEqual([0, 2]);
  });

  test('a JSON column is read as it was written', async () => {
    const payload = '{"name":"e",  "properties":{"n":7,"price":12.50}}';
    const { name } = await eventSync([], {}, { ...EVENT_COLUMNS, payload: 'json' });
    await installation.source.query(`insert into cdi.${name.replace('-', '_')} values ($1, 'u', $2)`, [
      instant(0),
      payload,
    ]);
    await run(name);
    const [event] = await installation.braze.client.events();
    expect(event?.text).toContain(payload.slice(1));
  });
});

describe('what is wrong with a source is named', () => {
  const { payload: _payload, ...withoutPayload } = EVENT_COLUMNS;
  const { external_id: _id, ...withoutIdentifier } = EVENT_COLUMNS;
  const { updated_at: _at, ...withoutTime } = EVENT_COLUMNS;

  test.each<
    readonly [
      what: string,
      dataType: string,
      columns: Readonly<Record<string, string>>,
      type: string,
      named: string,
    ]
  >([
    ['no UPDATED_AT', 'events', withoutTime, 'column_missing', 'UPDATED_AT'],
    ['no PAYLOAD', 'attributes', withoutPayload, 'column_missing', 'PAYLOAD'],
    ['no identifier', 'attributes', withoutIdentifier, 'column_missing', 'EXTERNAL_ID, ALIAS_NAME'],
    ['half an alias', 'events', { ...EVENT_COLUMNS, alias_name: 'text' }, 'column_missing', 'ALIAS_LABEL'],
    ['no ID', 'catalog', EVENT_COLUMNS, 'column_missing', ' ID'],
    [
      'a PAYLOAD of user deletes',
      'user_deletes',
      { ...DELETE_COLUMNS, PAYLOAD: 'text' },
      'column_forbidden',
      'PAYLOAD',
    ],
    ['UPDATED_AT as text', 'events', { ...EVENT_COLUMNS, updated_at: 'text' }, 'column_type', 'updated_at'],
    ['UPDATED_AT as date', 'events', { ...EVENT_COLUMNS, updated_at: 'date' }, 'column_type', 'date'],
    ['PAYLOAD as number', 'events', { ...EVENT_COLUMNS, payload: 'integer' }, 'column_type', 'payload'],
    ['DELETED as text', 'catalog', { ...CATALOG_COLUMNS, deleted: 'text' }, 'column_type', 'deleted'],
    ['one name in two cases', 'events', { ...EVENT_COLUMNS, Payload: 'text' }, 'column_type', 'PAYLOAD'],
  ])('%s', async (_what, dataType, columns, type, named) => {
    const { name } = await eventSync(
      [],
      {
        data_type: dataType,
        ...(dataType === 'catalog' ? { catalog: 'shop' } : {}),
      },
      columns,
    );
    const ended = await run(name);
    expect(ended).toMatchObject({ status: 'config_error', error: { type }, watermarkAfter: null });
    expect(ended.error?.message).toContain(named);
  });

  test('a table or schema that is not there, and one that may not be read', async () => {
    const { name, table } = await eventSync([row(instant(0), 0)]);
    await installation.declare({ name: 'gone', table: 'not_there', data_type: 'events' });
    expect(await run('gone')).toMatchObject({ status: 'config_error', error: { type: 'table_missing' } });
    await installation.declare({
      name: 'nowhere',
      table,
      data_type: 'events',
      source: { schema: 'not_there', table },
    });
    expect(await run('nowhere')).toMatchObject({ error: { type: 'table_missing' } });

    const { definitions } = installation.session.ledger;
    const former = await redshiftCredentialOf(installation.session, 'source');
    await installation.source.query(`create role extraction_reader login password 'reads nothing';
      grant usage on schema cdi to extraction_reader`);
    const use = (user: string, password: string): Promise<void> =>
      definitions.change({
        ...NO_CHANGES,
        credentials: [{ definition: { ...former.definition, user }, secrets: { password } }],
      });
    try {
      await use('extraction_reader', 'reads nothing');
      expect(await run(name)).toMatchObject({ status: 'config_error', error: { type: 'permission_denied' } });
      await use('extraction_reader', 'wrong');
      expect(await run(name)).toMatchObject({
        status: 'config_error',
        error: { type: 'credentials_invalid' },
      });
    } finally {
      await use(former.definition.user, former.secrets['password'] ?? '');
      await installation.source.query('drop owned by extraction_reader; drop role extraction_reader');
    }
    expect(await run(name)).toMatchObject({ status: 'success', counts: { sent: 1 } });
  });
});

test('cancelling a run ends its query on the server', async () => {
  const { table } = await eventSync(upTo(100).map((n) => row(instant(n), n)));
  await installation.source.query(`create view cdi.slow as
    select updated_at, external_id, payload || pg_sleep(30)::text as payload from cdi.${table}`);
  await installation.declare({ name: 'slow', table: 'slow', data_type: 'events' });
  const id = await startRun(installation.session, 'slow');
  const active = async (): Promise<number> => {
    const { rows } = await installation.source.query<{ pid: number }>(
      `select pid from pg_stat_activity where state = 'active' and application_name like 'braze-cdi slow%' and query like '%order by%'`,
    );
    return rows.length;
  };
  await expect.poll(active, { timeout: 20_000 }).toBe(1);
  const client = await installation.session.temporal();
  const asked = Date.now();
  await client.workflow.getHandle(runWorkflowId('slow'), id).cancel();
  expect(await endOfRun(installation.session, 'slow', id)).toMatchObject({ status: 'cancelled' });
  await expect.poll(active, { timeout: 10_000 }).toBe(0);
  expect(Date.now() - asked).toBeLessThan(10_000);
});

test('the source was asked nothing that Redshift does not take', async () => {
  const statements = await log.statements();
  expect(
    statements.filter((statement) => /^\/\* .* \*\/ select .* as wm, .* order by /.test(statement)).length,
  ).toBeGreaterThan(20);
  expect(await log.refused()).toEqual([]);
});
