/** `cdi apply` and `cdi credential`, driven as processes: what is planned, refused, asked and done. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ScheduleDescription } from '@temporalio/client';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { runSync } from '../../../client/commands/run.ts';
import { scheduleId } from '../../../model/names.ts';
import { type CliResult, jsonOf, runCli, writeDefinitions } from '../../support/cli-process.ts';
import { type Installation, install, redshiftCredentialOf } from '../../support/installation.ts';
import { silentOutput } from '../../support/silent-output.ts';
import { aDate, textLike } from '../../support/matching.ts';

/** Never to be seen in anything that is printed. */
const SECRET = 'braze-api-key-in-clear';

let installation: Installation;
let folder: string;
let workspace: object;
let credential: object;

function sync(name: string, changes: object = {}): object {
  return {
    kind: 'sync',
    name,
    workspace: 'shop',
    credential: 'warehouse',
    source: { schema: 'cdi', table: name.replace('ca-', '') },
    data_type: 'attributes',
    // So seldom that no tick falls into the test.
    schedule: { every: '1 month' },
    notifications: { contacts: ['team@example.com'] },
    options: { safety_lag: '0s' },
    ...changes,
  };
}

const cli = (...args: string[]): Promise<CliResult> => runCli(installation.environment, args);
const write = (files: Record<string, object>): Promise<void> => writeDefinitions(folder, files);

async function describeSchedule(name: string): Promise<ScheduleDescription | undefined> {
  const { schedule } = await installation.session.temporal();
  return schedule
    .getHandle(scheduleId(name))
    .describe()
    .catch(() => undefined);
}

/** Runs a sync here, where the run is not what is tested. @returns how many rows it sent */
async function sentBy(name: string): Promise<number | undefined> {
  return (await runSync(installation.session, silentOutput(), name, { wait: true }))?.counts.sent;
}

async function watermarkOf(name: string): Promise<string | null | undefined> {
  return (await installation.session.ledger.watermarks.get(name))?.value;
}

async function createTable(name: string, rows: number, year = 2026): Promise<void> {
  await installation.source.query(`
    create table cdi.${name} (updated_at timestamptz, external_id varchar(100), payload varchar(65535));
    insert into cdi.${name} select make_timestamptz(${year}, 1, 1, 0, 0, n, 'UTC'), 'u' || n, '{"n":' || n || '}'
      from generate_series(1, ${rows}) n`);
}

beforeAll(async () => {
  installation = await install('cliapply');
  const source = new URL(installation.environment['CDI_LEDGER_URL'] ?? '');
  workspace = {
    kind: 'workspace',
    name: 'shop',
    endpoint: installation.braze.url,
    api_key: '${env:BRAZE_KEY}',
  };
  credential = {
    kind: 'credential',
    name: 'warehouse',
    warehouse: 'redshift',
    host: source.hostname,
    port: Number(source.port),
    database: 'cliapply_source',
    user: source.username,
    password: '${env:SOURCE_PASSWORD}',
    tls: 'off',
  };
  const worker = installation.startWorker();
  await createTable('users', 5);
  await createTable('old_users', 3, 2020);
  await createTable('more_users', 4);
  await worker;
});

afterAll(async () => {
  const { schedule } = await installation.session.temporal();
  for (const { name } of await installation.session.ledger.definitions.syncs()) {
    await schedule
      .getHandle(scheduleId(name))
      .delete()
      .catch(() => undefined);
  }
  await installation[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** Each test begins with what the first one applied. */
beforeEach(async () => {
  if (folder) await rm(folder, { recursive: true, force: true });
  folder = await mkdtemp(join(tmpdir(), 'cdi-apply-'));
  await write({
    'workspace.yaml': workspace,
    'credential.yaml': credential,
    'syncs/users.yaml': sync('ca-users'),
  });
});

test('a dry run shows the plan and changes nothing; the apply does it; the next finds nothing to do', async () => {
  const { definitions } = installation.session.ledger;
  const before = await definitions.workspaces();
  const plan =
    '+ workspace shop: create\n' +
    '+ credential warehouse: create\n' +
    '+ sync ca-users: create\n' +
    '+ schedule ca-users: create; paused until its connection test has passed\n';
  expect(await cli('apply', folder, '--dry-run')).toEqual({
    code: 0,
    stdout: plan,
    stderr: 'Dry run: nothing was changed.\n',
  });
  expect(await definitions.workspaces()).toEqual(before);
  expect(await definitions.syncs()).toEqual([]);
  expect(await describeSchedule('ca-users')).toBeUndefined();

  expect(await cli('apply', folder)).toEqual({
    code: 0,
    stdout: `${plan}ca-users: connection test passed. Its schedule runs from now on.\n`,
    stderr: '',
  });
  expect((await describeSchedule('ca-users'))?.state.paused).toBe(false);
  expect(await definitions.sync('ca-users')).toMatchObject({ paused: false, testedAt: aDate });
  expect((await definitions.workspace('shop')).apiKey).toBe('sim-key');

  const [again, asJson] = [await cli('apply', folder), await cli('apply', folder, '--json')];
  expect(again).toEqual({
    code: 0,
    stdout:
      '= workspace shop: unchanged\n= credential warehouse: unchanged\n' +
      '= sync ca-users: unchanged\n= schedule ca-users: unchanged\n',
    stderr: '',
  });
  expect(asJson).toMatchObject({ code: 0, stderr: '' });
  expect(jsonOf(asJson)).toMatchObject({
    dryRun: false,
    notes: [],
    tests: [],
    steps: [
      { kind: 'workspace', action: 'unchanged' },
      { kind: 'credential', action: 'unchanged' },
      { kind: 'sync', action: 'unchanged' },
      { kind: 'schedule', action: 'unchanged' },
    ],
  });
});

test('every problem is told at once, with file and line and without a value, and nothing is changed', async () => {
  await write({
    'workspace.yaml': { ...workspace, api_key: SECRET, track_batch: 50 },
    'syncs/users.yaml': sync('ca-users', { data_typ: 'events' }),
    'syncs/other.yaml': sync('ca-other', { credential: 'warehose', schedule: { every: '7m' } }),
  });
  await writeFile(join(folder, 'broken.yaml'), `kind: workspace\nname: [${SECRET}\n`);
  const before = await installation.session.ledger.definitions.workspaces();
  const [result, asJson] = await Promise.all([cli('apply', folder), cli('apply', folder, '--json')]);
  expect(result).toMatchObject({ code: 2, stdout: '' });
  for (const line of [
    /^broken\.yaml:\d+: /m,
    /^workspace\.yaml:4: api_key: .*\$\{env:NAME\}/m,
    /^syncs\/other\.yaml:\d+: schedule\.every: must be one of/m,
    /^syncs\/users\.yaml:\d+: data_typ: there is no such option; did you mean data_type\?/m,
    /^Nothing was changed\.$/m,
  ]) {
    expect(result.stderr).toMatch(line);
  }
  expect(asJson).toMatchObject({ code: 2, stdout: '' });
  expect(JSON.parse(asJson.stderr)).toEqual({ error: result.stderr.trimEnd(), exitCode: 2 });
  expect(result.stderr + asJson.stderr).not.toContain(SECRET);
  expect(await installation.session.ledger.definitions.workspaces()).toEqual(before);
});

test('secrets that are missing are all named, their values never', async () => {
  await write({
    'workspace.yaml': { ...workspace, api_key: '${env:NO_SUCH_KEY}' },
    'credential.yaml': { ...credential, password: '${file:/no/such/file}' },
  });
  expect(await cli('apply', folder)).toEqual({
    code: 2,
    stdout: '',
    stderr:
      'workspace shop: api_key: the environment variable NO_SUCH_KEY is not set\n' +
      'credential warehouse: password: the file /no/such/file cannot be read (ENOENT)\n' +
      'Nothing was changed.\n',
  });
  await write({ 'workspace.yaml': workspace, 'credential.yaml': credential });
  const changed = await runCli({ ...installation.environment, BRAZE_KEY: SECRET }, ['apply', folder]);
  expect(changed.stdout).toContain('~ workspace shop: update\n    secret: changed\n');
  expect(changed.stdout + changed.stderr).not.toContain(SECRET);
  expect((await installation.session.ledger.definitions.workspace('shop')).apiKey).toBe(SECRET);
  expect(await cli('apply', folder)).toMatchObject({ code: 0 });
});

test('the data type of a sync cannot change, and neither does anything beside it', async () => {
  await write({
    'workspace.yaml': { ...workspace, track_batch: 50 },
    'syncs/users.yaml': sync('ca-users', { data_type: 'events' }),
  });
  const { code, stdout, stderr } = await cli('apply', folder);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toBe(
    'Nothing was changed:\n! ca-users: the data type cannot change from attributes to events; give the sync another name\n',
  );
  const { definition } = await installation.session.ledger.definitions.workspace('shop');
  expect(definition.track_batch).toBe(75);
});

test('another source asks what becomes of the watermark: keep goes on, reset begins anew', async () => {
  expect(await sentBy('ca-users')).toBe(5);
  const delivered = await watermarkOf('ca-users');

  await write({ 'syncs/users.yaml': sync('ca-users', { source: { schema: 'cdi', table: 'old_users' } }) });
  const asked = await cli('apply', folder);
  expect(asked).toMatchObject({ code: 2, stdout: '' });
  expect(asked.stderr).toMatch(
    /^Nothing was changed:\n! ca-users: its source changes; say --watermark ca-users=keep .* or --watermark ca-users=reset/,
  );
  expect((await installation.session.ledger.definitions.sync('ca-users')).definition.source.table).toBe(
    'users',
  );
  expect(await cli('apply', folder, '--watermark', 'ca-users=both')).toMatchObject({
    code: 2,
    stderr: '--watermark is NAME=keep or NAME=reset, not `ca-users=both`.\n',
  });
  expect(await cli('apply', folder, '--watermark', 'nobody=keep')).toMatchObject({
    code: 2,
    stderr: textLike(/--watermark names nobody, but there is no such sync/),
  });

  const kept = await cli('apply', folder, '--watermark', 'ca-users=keep');
  expect(kept).toMatchObject({ code: 0, stderr: '' });
  expect(kept.stdout).toContain('~ sync ca-users: update; its source changes; watermark: keep');
  expect(kept.stdout).toContain('ca-users: connection test passed. Its schedule runs from now on.');
  expect(await watermarkOf('ca-users')).toBe(delivered);
  expect(await sentBy('ca-users')).toBe(0);

  await write({ 'syncs/users.yaml': sync('ca-users') });
  const reset = await cli('apply', folder, '--watermark', 'ca-users=reset');
  expect(reset).toMatchObject({ code: 0, stderr: '' });
  expect(await watermarkOf('ca-users')).toBeUndefined();
  expect(await sentBy('ca-users')).toBe(5);
});

test('another workspace asks too, and is refused while a run is open', async () => {
  await write({
    'second.yaml': { ...workspace, name: 'second' },
    'syncs/users.yaml': sync('ca-users', { workspace: 'second' }),
  });
  const { runs } = installation.session.ledger;
  const open = { id: 'ca-open', sync: 'ca-users', dataType: 'attributes', trigger: 'manual' } as const;
  await runs.open({ ...open, workflowRunId: 'ca-open' });
  const refused = await cli('apply', folder, '--watermark', 'ca-users=keep');
  await runs.finish('ca-open', () => ({ status: 'cancelled', error: null }));
  expect(refused).toEqual({
    code: 2,
    stdout: '',
    stderr:
      'Nothing was changed:\n! ca-users has a run under way while its workspace changes; cancel it, or wait for its end\n',
  });

  expect(await cli('apply', folder)).toMatchObject({
    code: 2,
    stderr: textLike(/ca-users: its workspace changes; say/),
  });
  const kept = await cli('apply', folder, '--watermark', 'ca-users=keep', '--json');
  expect(kept.code).toBe(0);
  expect(jsonOf(kept)).toMatchObject({ tests: [{ sync: 'ca-users', passed: true }] });
  await write({ 'syncs/users.yaml': sync('ca-users') });
  expect(await cli('apply', folder, '--watermark', 'ca-users=keep')).toMatchObject({ code: 0 });
});

test('a credential that moves asks for every sync that reads through it, of this folder or not', async () => {
  // The same server under another name: for all that can be known, another database.
  const moved = { ...credential, host: 'localhost' };
  await write({ 'only/credential.yaml': moved });
  const file = join(folder, 'only', 'credential.yaml');
  const [asked, added] = await Promise.all([
    cli('apply', join(folder, 'only')),
    cli('credential', 'add', file),
  ]);
  for (const result of [asked, added]) {
    expect(result).toMatchObject({
      code: 2,
      stdout: '',
      stderr: textLike(/ca-users: its source changes; say --watermark/),
    });
  }
  expect((await redshiftCredentialOf(installation.session, 'warehouse')).definition.host).not.toBe(
    'localhost',
  );

  const reset = await cli('credential', 'add', file, '--watermark', 'ca-users=reset');
  expect(reset).toMatchObject({ code: 0, stderr: 'Try it with: cdi credential test warehouse\n' });
  expect(reset.stdout).toContain('~ sync ca-users: update; its source changes; watermark: reset');
  expect(reset.stdout).toContain('ca-users: connection test passed. Its schedule runs from now on.');
  expect((await redshiftCredentialOf(installation.session, 'warehouse')).definition.host).toBe('localhost');
  expect(await watermarkOf('ca-users')).toBeUndefined();
  await rm(join(folder, 'only'), { recursive: true });

  // Back again; the watermark is not in question where there is none.
  expect(await cli('apply', folder)).toMatchObject({ code: 0, stderr: '' });
  expect(await cli('credential', 'add', join(folder, 'workspace.yaml'))).toMatchObject({
    code: 2,
    stderr: textLike(/must hold credentials and nothing else/),
  });
});

test('a sync that fails its test is applied and stays paused, and so does one that was active before', async () => {
  const { definitions } = installation.session.ledger;
  await write({
    'syncs/users.yaml': sync('ca-users', { source: { schema: 'cdi', table: 'gone' } }),
    'syncs/new.yaml': sync('ca-new', { source: { schema: 'nowhere', table: 'users' } }),
  });
  const failed = await cli('apply', folder, '--json');
  expect(failed.code).toBe(1);
  expect(jsonOf(failed)).toMatchObject({
    tests: [
      { sync: 'ca-new', passed: false, type: 'table_missing' },
      { sync: 'ca-users', passed: false, type: 'table_missing' },
    ],
  });
  expect(failed.stderr).toContain(
    'Everything is applied; syncs that have not passed their test stay paused.',
  );
  for (const name of ['ca-new', 'ca-users']) {
    expect((await describeSchedule(name))?.state).toMatchObject({
      paused: true,
      note: 'Waiting for its connection test: cdi test',
    });
    expect(await definitions.sync(name)).toMatchObject({ testedAt: null, paused: true });
  }

  await write({
    'syncs/users.yaml': sync('ca-users'),
    'syncs/new.yaml': sync('ca-new', { schedule: 'manual' }),
  });
  const manual = await cli('apply', folder, '--no-test');
  expect(manual).toMatchObject({ code: 0, stdout: textLike(/- schedule ca-new: delete/) });
  expect(await describeSchedule('ca-new')).toBeUndefined();
  expect((await describeSchedule('ca-users'))?.state.paused).toBe(true);
  expect(await cli('apply', folder)).toMatchObject({
    code: 1,
    stdout: textLike(/ca-users: connection test passed/),
  });
});

test('a sync that ran only by hand runs by the schedule it is given', async () => {
  await createTable('by_hand', 2);
  const byHand = { source: { schema: 'cdi', table: 'by_hand' } };
  await write({ 'by-hand.yaml': sync('ca-by-hand', { ...byHand, schedule: 'manual' }) });
  const manual = await cli('apply', folder);
  expect(manual).toMatchObject({ code: 0, stdout: textLike(/ca-by-hand: connection test passed\.\n$/) });
  expect(await describeSchedule('ca-by-hand')).toBeUndefined();
  await write({ 'by-hand.yaml': sync('ca-by-hand', byHand) });
  const scheduled = await cli('apply', folder);
  expect(scheduled).toMatchObject({ code: 0, stdout: textLike(/^\+ schedule ca-by-hand: create$/m) });
  expect((await describeSchedule('ca-by-hand'))?.state.paused).toBe(false);
});

test('--prune deletes what the folder no longer has; what comes back asks for its watermark', async () => {
  await rm(join(folder, 'syncs'), { recursive: true });
  await write({ 'more.yaml': sync('ca-more', { source: { schema: 'cdi', table: 'more_users' } }) });
  expect(await cli('apply', folder)).toMatchObject({ code: 0 });
  expect(await sentBy('ca-more')).toBe(4);
  const delivered = await watermarkOf('ca-more');
  const definition = sync('ca-more', { source: { schema: 'cdi', table: 'more_users' } });
  await rm(join(folder, 'more.yaml'));

  expect((await cli('apply', folder)).stdout).not.toContain('ca-more');
  const planned = await cli('apply', folder, '--prune', '--dry-run');
  expect(planned.stdout).toContain('- schedule ca-more: delete\n');
  expect(planned.stdout).toContain('- sync ca-more: delete; its watermark is kept\n');
  expect(await describeSchedule('ca-more')).toBeDefined();

  const pruned = await cli('apply', folder, '--prune');
  expect(pruned).toMatchObject({ code: 0, stdout: planned.stdout, stderr: '' });
  expect(await describeSchedule('ca-more')).toBeUndefined();
  const names = (await installation.session.ledger.definitions.credentials()).map(
    ({ definition }) => definition.name,
  );
  expect(names).toEqual(['warehouse']);

  await write({ 'more.yaml': definition });
  expect(await cli('apply', folder)).toMatchObject({
    code: 2,
    stderr: textLike(/ca-more: it was deleted and comes back; say --watermark ca-more=keep/),
  });
  expect(await cli('apply', folder, '--watermark', 'ca-more=keep')).toMatchObject({ code: 0 });
  expect(await watermarkOf('ca-more')).toBe(delivered);
  expect((await describeSchedule('ca-more'))?.state.paused).toBe(false);
  expect(await sentBy('ca-more')).toBe(0);
});
