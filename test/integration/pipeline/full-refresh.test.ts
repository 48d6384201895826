/** Tables that are read whole in each run: what changed goes, whatever UPDATED_AT says. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { executeSyncTest } from '../../../client/commands/execute-test.ts';
import type { Preview } from '../../../model/preview.ts';
import type { RunRecord } from '../../../store/runs.ts';
import { type Installation, install } from '../../support/installation.ts';
import { runToEnd } from '../../support/run-to-end.ts';

let installation: Installation;
let number = 0;

beforeAll(async () => {
  installation = await install('refresh');
  await installation.startWorker();
});

afterAll(() => installation[Symbol.asyncDispose]());

beforeEach(() => installation.braze.client.reset());

/** A view over `cdi.NAME_rows` whose UPDATED_AT is the current time. */
async function declareView(
  users: number,
  sync: Readonly<Record<string, unknown>> = {},
): Promise<{ name: string; table: string }> {
  number += 1;
  const name = `refresh_${number}`;
  const { source } = installation;
  await source.query(`create table cdi.${name}_rows (external_id text, payload text)`);
  await source.query(
    `insert into cdi.${name}_rows select 'u' || n, '{"n":' || n || '}' from generate_series(1, ${users}) n`,
  );
  await source.query(
    `create view cdi.${name} as select clock_timestamp() as updated_at, external_id, payload from cdi.${name}_rows`,
  );
  await installation.declare({
    name,
    table: name,
    data_type: 'attributes',
    full_refresh: true,
    options: { page_size: 10, segment_rows: 20 },
    ...sync,
  });
  return { name, table: `cdi.${name}_rows` };
}

const run = (name: string): Promise<RunRecord> => runToEnd(installation.session, name);

async function attribute(user: string): Promise<number> {
  const profiles = await installation.braze.client.profiles();
  return Number(profiles.find((profile) => profile.external_id === user)?.attributes['n']);
}

test('every row goes once, and later only those that changed', async () => {
  const { name, table } = await declareView(100);
  const first = await run(name);
  expect(first).toMatchObject({ status: 'success', counts: { read: 100, sent: 100 }, warnings: [] });
  expect(first.watermarkAfter).toBe(first.upperBound);
  expect(await run(name)).toMatchObject({ status: 'success', counts: { read: 0, sent: 0, requests: 0 } });

  await installation.source.query(
    `update ${table} set payload = '{"n":-1}' where external_id in ('u3', 'u77')`,
  );
  await installation.source.query(`insert into ${table} values ('new', '{"n":5}')`);
  expect(await run(name)).toMatchObject({ counts: { read: 3, sent: 3 } });
  expect(await attribute('u3')).toBe(-1);
  expect(await attribute('u4')).toBe(4);
  expect(await attribute('new')).toBe(5);

  // What goes back to a former value has changed as well.
  await installation.source.query(`update ${table} set payload = '{"n":3}' where external_id = 'u3'`);
  expect(await run(name)).toMatchObject({ counts: { read: 1, sent: 1 } });
  expect(await attribute('u3')).toBe(3);
});

test('a table that has grown is divided anew, and still only new rows go', async () => {
  const { name, table } = await declareView(30);
  await run(name);
  await installation.source.query(
    `insert into ${table} select 'u' || n, '{"n":' || n || '}' from generate_series(31, 400) n`,
  );
  expect(await run(name)).toMatchObject({ counts: { read: 370, sent: 370 } });
  expect(await run(name)).toMatchObject({ counts: { read: 0, sent: 0 } });
});

test('operators are rejected: they would be applied again in each run', async () => {
  const { name, table } = await declareView(3);
  await installation.source.query(`insert into ${table} values ('inc', '{"n":{"inc":1}}')`);
  expect(await run(name)).toMatchObject({ status: 'partial', counts: { read: 4, sent: 3, rejected: 1 } });
  const [rejected] = await installation.session.ledger.rejectedRows.list(name, { limit: 10 });
  expect(rejected?.code).toBe('operator_in_full_refresh');
});

test('beyond `digest_rows` parts go again whole', async () => {
  const { name } = await declareView(100, { options: { page_size: 10, segment_rows: 20, digest_rows: 60 } });
  expect(await run(name)).toMatchObject({ counts: { sent: 100 } });
  const { counts } = await run(name);
  expect(counts.sent).toBeGreaterThan(30);
  expect(counts.sent).toBeLessThan(100);
});

test('the connection test and the runs propose it for a view whose UPDATED_AT is the current time', async () => {
  const { name } = await declareView(3, { full_refresh: false });
  const id = await executeSyncTest(installation.session, name);
  const preview = (await installation.session.ledger.previews.take(id)) as Preview;
  expect(preview).toMatchObject({ movesWithClock: true });
  const ended = await run(name);
  expect(ended).toMatchObject({ status: 'success', counts: { read: 0 } });
  expect(ended.warnings).toContainEqual(expect.stringContaining('`full_refresh: true`'));

  const { name: whole } = await declareView(3);
  const previewed = await executeSyncTest(installation.session, whole);
  expect(await installation.session.ledger.previews.take(previewed)).toMatchObject({
    movesWithClock: false,
    rows: [{}, {}, {}],
  });
});
