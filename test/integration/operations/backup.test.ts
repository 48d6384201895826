/** `cdi backup` and `cdi restore`: nothing is lost, what may go twice is said, and nothing from before commits. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import pg from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { jsonOf, runCli, type CliResult } from '../../support/cli-process.ts';
import { addEvents, createEvents, instantOf } from '../../support/event-table.ts';
import { type Installation, install } from '../../support/installation.ts';
import { runToEnd } from '../../support/run-to-end.ts';

let here: Installation;
let elsewhere: Installation;
let folder = '';
let file = '';

const EMPTY = 'backup_empty';
const DELIVERED = 1_000;
const AFTERWARDS = 500;
const LATER = 100;

async function admin(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: inject('postgresUrl') });
  await client.connect();
  await client.query(sql).finally(() => client.end());
}

beforeAll(async () => {
  here = await install('backup_here');
  elsewhere = await install('backup_elsewhere');
  folder = await mkdtemp(join(tmpdir(), 'cdi-backup-'));
  file = join(folder, 'ledger.backup');
  elsewhere.environment['CDI_KEY'] = here.environment['CDI_KEY'] ?? '';
  await admin(`drop database if exists ${EMPTY} with (force)`);
  await admin(`create database ${EMPTY}`);
});

afterAll(async () => {
  await here[Symbol.asyncDispose]();
  await elsewhere[Symbol.asyncDispose]();
  await admin(`drop database if exists ${EMPTY} with (force)`);
  await rm(folder, { recursive: true, force: true });
});

const cli = (installation: Installation, ...args: string[]): Promise<CliResult> =>
  runCli(installation.environment, args);
const emptyLedger = (): string => {
  const url = new URL(here.environment['CDI_LEDGER_URL'] ?? '');
  url.pathname = `/${EMPTY}`;
  return url.href;
};
const linesOf = async (path: string): Promise<string[]> =>
  gunzipSync(await readFile(path))
    .toString()
    .split('\n');

/** How often each event arrived. */
async function arrivals(): Promise<Map<number, number>> {
  const times = new Map<number, number>();
  for (const { text } of await here.braze.client.events()) {
    const n = Number(/"n":(\d+)/.exec(text)?.[1]);
    times.set(n, (times.get(n) ?? 0) + 1);
  }
  return times;
}

test('a backup is taken of a ledger in use, into a file for its owner', async () => {
  await here.startWorker();
  await createEvents(here.source, 'kept', DELIVERED);
  await here.source.query(`insert into cdi.kept values ('2025-12-31', 'u', 'no json')`);
  await here.declare({ name: 'kept', data_type: 'events', table: 'kept', options: { lookback: '1h' } });
  // One instant that is read in parts, so that every table has rows.
  await here.source.query(
    `create table cdi.parts as select timestamptz '2026-01-01 00:00Z' as updated_at, 'u' || n as external_id,
       '{"name":"e","time":"2026-01-01T00:00:00Z","properties":{"n":' || 100000 + n || '}}' as payload
     from generate_series(0, 99) n`,
  );
  await here.declare({
    name: 'parts',
    data_type: 'events',
    table: 'parts',
    options: { page_size: 20, segment_rows: 20 },
  });
  expect(await runToEnd(here.session, 'kept')).toMatchObject({ status: 'partial' });
  expect(await runToEnd(here.session, 'parts')).toMatchObject({ status: 'success' });
  await here.session.ledger.definitions.setPaused('kept', false, null);
  const saved = await cli(here, 'backup', file, '--json');
  expect(saved, saved.stderr).toMatchObject({ code: 0 });
  expect(jsonOf<{ rows: object }>(saved).rows).toMatchObject({ syncs: 2, runs: 2, rejected_rows: 1 });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const text = (await linesOf(file)).join('\n');
  expect(text).not.toContain('no json');
  expect(text).not.toContain('sim-key');
  expect(text).not.toContain(here.environment['CDI_KEY']?.split(':')[1]);
});

test('elsewhere the runs go on: nothing is lost, and only what was delivered after the backup goes twice', async () => {
  await addEvents(here.source, 'kept', DELIVERED, AFTERWARDS);
  await runToEnd(here.session, 'kept');

  const refused = await cli(elsewhere, 'restore', file);
  expect(refused).toMatchObject({ code: 2 });
  expect(refused.stderr).toContain('The ledger is in use; --replace puts the backup in its place.');

  const restored = await cli(elsewhere, 'restore', file, '--replace');
  expect(restored, restored.stderr).toMatchObject({ code: 0 });
  expect(restored.stdout).toContain('What was delivered after the backup goes again, from the watermark on:');
  expect(restored.stdout).toMatch(
    new RegExp(`kept +${instantOf(DELIVERED - 1)} +unknown +Braze counts them twice`),
  );
  expect(await elsewhere.session.ledger.definitions.sync('kept')).toMatchObject({
    paused: true,
    pauseNote: expect.stringContaining('Restored from the backup of') as string,
  });

  await addEvents(here.source, 'kept', DELIVERED + AFTERWARDS, LATER);
  await elsewhere.startWorker();
  expect(await runToEnd(elsewhere.session, 'kept')).toMatchObject({
    status: 'success',
    counts: { read: AFTERWARDS + LATER },
  });
  expect(await runToEnd(elsewhere.session, 'parts')).toMatchObject({ counts: { read: 0 } });
  const times = await arrivals();
  const expected = (n: number): number => (n >= DELIVERED && n < DELIVERED + AFTERWARDS ? 2 : 1);
  const all = Array.from({ length: DELIVERED + AFTERWARDS + LATER }, (_, n) => n);
  expect(all.filter((n) => times.get(n) !== expected(n))).toEqual([]);
  expect((await cli(elsewhere, 'rejected', 'kept', '--csv')).stdout).toContain('no json');
});

test('an empty ledger holds the same afterwards, but for epochs and pauses', async () => {
  const environment = { ...here.environment, CDI_LEDGER_URL: emptyLedger() };
  expect(await runCli(environment, ['restore', file])).toMatchObject({ code: 0 });
  const again = join(folder, 'again.backup');
  expect(await runCli(environment, ['backup', again])).toMatchObject({ code: 0 });
  const comparable = async (path: string): Promise<string[]> =>
    (await linesOf(path))
      .filter((line) => !line.startsWith('["ledger"') && !line.startsWith('["end"'))
      .map((line) => line.replace(/"paused":.*"null_rows_counted_at"/, '"paused":…,"null_rows_counted_at"'));
  expect(await comparable(again)).toEqual(await comparable(file));
});

test('what began before the restore records nothing, and new rows get new ids', async () => {
  const { ledger } = elsewhere.session;
  const run = randomUUID();
  await ledger.runs.open({
    id: run,
    sync: 'kept',
    dataType: 'events',
    trigger: 'manual',
    workflowRunId: run,
  });
  const { epoch } = await ledger.watermarks.begin('kept', run, run);
  const restored = await cli(elsewhere, 'restore', file, '--replace', '--json');
  expect(jsonOf<{ syncs: object[] }>(restored).syncs).toMatchObject([
    {
      name: 'kept',
      watermark: instantOf(DELIVERED - 1),
      watermarkBefore: instantOf(DELIVERED + AFTERWARDS + LATER - 1),
    },
    { name: 'parts' },
  ]);
  await expect(
    ledger.uploads.open({ sync: 'kept', epoch, workflowRunId: run, segment: 1, attempt: 1 }, run, 1),
  ).rejects.toMatchObject({
    type: 'superseded',
  });
  await ledger.runs.open({
    id: run,
    sync: 'kept',
    dataType: 'events',
    trigger: 'manual',
    workflowRunId: run,
  });
  expect((await ledger.watermarks.begin('kept', run, run)).epoch).toBeGreaterThan(epoch);
  const [corrections] = [await ledger.corrections.ofSync('kept', 10)];
  await ledger.corrections.recordRetry('kept', run, 'tester', {});
  expect(await ledger.corrections.ofSync('kept', 10)).toHaveLength(corrections.length + 1);
});

test('a file that is cut, changed or something else changes nothing', async () => {
  const bytes = await readFile(file);
  const text = gunzipSync(bytes).toString();
  const spoilt: Record<string, Buffer> = {
    'cut.backup': bytes.subarray(0, bytes.length - 20),
    'ended.backup': gzipSync(text.slice(0, text.indexOf('["end"'))),
    'digit.backup': gzipSync(text.replace(/"sent":(\d+)/, '"sent":9$1')),
    'line.backup': gzipSync(text.replace('["table",', '["table"')),
    'changed.backup': gzipSync(text.replace('"name":"kept"', '"name":"kepT"')),
    'shorter.backup': gzipSync(text.replace(/\n\{"id":[^\n]*/, '')),
    'other.backup': gzipSync('{"a":1}\n'),
    'plain.backup': Buffer.from('text'),
    'newer.backup': gzipSync(text.replace('0001-first-ledger', '9999-not-yet')),
  };
  const before = await elsewhere.session.ledger.watermarks.get('kept');
  for (const [name, content] of Object.entries(spoilt)) {
    await writeFile(join(folder, name), content);
    const refused = await cli(elsewhere, 'restore', join(folder, name), '--replace');
    expect(refused, `${name}: ${refused.stderr}`).toMatchObject({ code: 2 });
    expect(refused.stderr, name).toContain(name);
  }
  expect(await cli(elsewhere, 'restore', join(folder, 'missing'), '--replace')).toMatchObject({ code: 2 });
  expect(await elsewhere.session.ledger.watermarks.get('kept')).toEqual(before);
  expect(await cli(elsewhere, 'backup', join(folder, 'no/such/folder'))).toMatchObject({ code: 2 });
});
