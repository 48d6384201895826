/** Commands about one sync or credential, driven as processes: what they print, how they exit, what they leave. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { restoreAllSchedules } from '../../../client/commands/apply-schedule.ts';
import { resumeSync } from '../../../client/commands/pause.ts';
import { runSync } from '../../../client/commands/run.ts';
import { runWorkflowId, scheduleId } from '../../../model/names.ts';
import type { RedshiftCredential } from '../../../model/credentials/redshift.ts';
import { type CliResult, jsonOf, runCli } from '../../support/cli-process.ts';
import { createEvents } from '../../support/event-table.ts';
import { NO_CHANGES } from '../../../store/definitions.ts';
import { type Installation, install, redshiftCredentialOf } from '../../support/installation.ts';
import { silentOutput } from '../../support/silent-output.ts';
import { objectLike, textLike } from '../../support/matching.ts';

let installation: Installation;

const cli = (...args: string[]): Promise<CliResult> => runCli(installation.environment, args);

/** A credential like the installation's own, but for one thing. */
async function declareCredential(
  name: string,
  changes: Partial<RedshiftCredential>,
  password?: string,
): Promise<void> {
  const { definitions } = installation.session.ledger;
  const { definition, secrets } = await redshiftCredentialOf(installation.session, 'source');
  await definitions.change({
    ...NO_CHANGES,
    credentials: [
      {
        definition: { ...definition, ...changes, name },
        secrets: password === undefined ? secrets : { password },
      },
    ],
  });
}

/** A sync that reads through such a credential. */
async function declareThrough(credential: string): Promise<void> {
  const name = `cc-${credential}`;
  const definition = await installation.declare({ name, table: credential, data_type: 'attributes' });
  await installation.session.ledger.definitions.change({
    ...NO_CHANGES,
    syncs: [{ definition: { ...definition, credential }, watermark: 'keep', retest: false }],
  });
}

beforeAll(async () => {
  installation = await install('clicmd');
  const worker = installation.startWorker();
  const { source } = installation;
  await source.query(`
    create table cdi.users (updated_at timestamptz, external_id varchar(100), payload varchar(65535));
    insert into cdi.users select make_timestamptz(2026, 1, 1, 0, 0, n, 'UTC'), 'u' || n, '{"n":' || n || '}'
      from generate_series(1, 8) n;
    insert into cdi.users values
      ('2026-01-01 00:00:09Z', '=1+1', '{"say":"a, \\"b\\""'),
      ('2026-01-01 00:00:10Z', 'u10', '{"external_id":"u1"}'),
      ('2099-01-01 00:00Z', 'late', '{}'), (null, 'never', '{}');
    create table cdi.no_payload (updated_at timestamptz, external_id varchar(100));
    create table cdi.deletes (updated_at timestamptz, external_id varchar(100), payload varchar(100))`);
  await createEvents(source, 'events', 100);
  await installation.declare({
    name: 'cc-users',
    table: 'users',
    data_type: 'attributes',
    schedule: { every: '1 month' },
  });
  await installation.declare({ name: 'cc-events', table: 'events', data_type: 'events' });
  await installation.declare({ name: 'cc-gone', table: 'gone', data_type: 'events' });
  await installation.declare({ name: 'cc-columns', table: 'no_payload', data_type: 'events' });
  await installation.declare({ name: 'cc-deletes', table: 'deletes', data_type: 'user_deletes' });
  await declareCredential('wrong', {}, 'not-the-password');
  await declareCredential('nohost', { host: 'warehouse.invalid' });
  await declareCredential('closed', { host: '127.0.0.1', port: 1 });
  for (const credential of ['wrong', 'nohost', 'closed']) await declareThrough(credential);
  await worker;
  await restoreAllSchedules(installation.session);
  await resumeSync(installation.session, 'cc-users', 'for the test');
});

afterAll(async () => {
  const { schedule } = await installation.session.temporal();
  await schedule
    .getHandle(scheduleId('cc-users'))
    .delete()
    .catch(() => undefined);
  await installation[Symbol.asyncDispose]();
});

beforeEach(() => installation.braze.client.reset());

test('test: rows, the requests they would become, what would be rejected, and nothing is sent', async () => {
  const [{ code, stdout, stderr }, asJson] = await Promise.all([
    cli('test', 'cc-users'),
    cli('test', 'cc-users', '--json'),
  ]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('Columns: updated_at timestamptz, external_id varchar, payload varchar\n');
  expect(stdout).toMatch(/^2026-01-01 00:00:01\.000000 +u1 +\{"n":1\}$/m);
  expect(stdout).toMatch(/^POST \/users\/track\n\{.*"external_id":"u1".*"n":8/m);
  expect(stdout).toMatch(/^Row 9 would be rejected: .* \(payload_not_json\)$/m);
  expect(stdout).toMatch(/^Row 10 would be rejected: .* \([a-z_]+\)$/m);
  expect(stdout).toContain('Rows with an UPDATED_AT in the future, which wait: 1\n');
  expect(stdout).toContain('Rows without an UPDATED_AT, which are never sent: 1\n');
  expect(stdout.trimEnd().split('\n').at(-1)).toBe('cc-users: connection test passed.');
  expect(jsonOf(asJson)).toMatchObject({
    sync: 'cc-users',
    passed: true,
    rejected: [{ row: 8 }, { row: 9 }],
    requests: [{ method: 'POST', path: '/users/track' }],
  });
  expect(await installation.braze.client.record()).toEqual([]);
});

test('test: each way to fail has its sentence and exit code 1', async () => {
  const expected: Record<string, [type: string, says: RegExp]> = {
    'cc-gone': ['table_missing', /does not exist in Redshift.*\n.*Create the table/],
    'cc-columns': ['column_missing', /has no column PAYLOAD.*\n.*Add the column/],
    'cc-deletes': [
      'column_forbidden',
      /has a column PAYLOAD, which user deletes forbid.*\n.*Remove the column/,
    ],
    'cc-wrong': ['credentials_invalid', /refused user, password or database.*\n.*Check user and secret/],
    'cc-nohost': ['host_unknown', /host name .* cannot be resolved.*\n.*Correct the host/],
    'cc-closed': ['warehouse_unreachable', /No connection to the Redshift endpoint.*\n.*Check that it runs/],
  };
  await Promise.all(
    Object.entries(expected).map(async ([name, [type, says]]) => {
      const { code, stdout, stderr } = await cli('test', name, '--json');
      expect({ name, code }).toEqual({ name, code: 1 });
      expect(JSON.parse(stdout)).toMatchObject({ sync: name, passed: false, type });
      const { error } = JSON.parse(stderr) as { error: string };
      expect(error).toMatch(says);
      expect(error).toContain(`${name}: `);
      expect(error).toMatch(new RegExp(`\\(${type}\\)(\\n\\n|$)`));
      expect(error).not.toContain('not-the-password');
    }),
  );
  const text = await cli('test', 'cc-columns');
  expect(text).toMatchObject({ code: 1, stdout: '' });
  expect(text.stderr).toMatch(
    /^cc-columns: The source has no column PAYLOAD\.\n {2}Add the column .* \(column_missing\)\n\nAdd what is missing\./,
  );
  expect(text.stderr).toMatch(/\n\nALTER TABLE "cdi"\."no_payload" ADD COLUMN payload varchar\(max\);\n+$/);
});

test('run: a partial run exits 0 and leads to its rejected rows, which can be counted and exported', async () => {
  const { runs } = installation.session.ledger;
  expect(await cli('rejected', 'cc-users')).toEqual({
    code: 0,
    stdout: '',
    stderr: 'cc-users has not run yet.\n',
  });
  const { code, stdout } = await cli('run', 'cc-users');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^cc-users: partial, 10 rows read, 8 sent, 2 rejected, 1 requests in \d/);
  const [record] = await runs.ofSync('cc-users', 5);
  expect(record).toMatchObject({ status: 'partial', trigger: 'manual', counts: { sent: 8, rejected: 2 } });
  const id = record?.id ?? '';
  expect(stdout).toContain(`See them with: cdi rejected cc-users --run ${id}`);

  const [counts, csv, json, unknown, foreign] = await Promise.all([
    cli('rejected', 'cc-users'),
    cli('rejected', 'cc-users', '--csv', '--run', id),
    cli('rejected', 'cc-users', '--json'),
    cli('rejected', 'cc-users', '--run', 'nothing'),
    cli('rejected', 'cc-events', '--run', id),
  ]);
  expect(counts.code).toBe(0);
  expect(counts.stdout).toMatch(/^ROWS +CODE +REASON\n─+ .*\n {3}1 {2}payload_\w+ .*\n {3}1 {2}payload_\w+ /);

  const [header, formula] = csv.stdout.split('\n');
  expect(header).toBe(
    'run,rejected_at,updated_at,external_id,alias_name,alias_label,braze_id,email,phone,id,payload,deleted,code,reason,origin',
  );
  expect(formula).toContain(`,2026-01-01 00:00:09.000000,'=1+1,`);
  expect(formula).toContain(`,"{""say"":""a, \\""b\\""""",`);
  expect(csv.stdout.trimEnd().split('\n')).toHaveLength(3);

  const lines = json.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as object);
  expect(lines).toMatchObject([
    { run: id, externalId: '=1+1', payload: '{"say":"a, \\"b\\""', code: 'payload_not_json' },
    { run: id, externalId: 'u10', origin: 'validation' },
  ]);
  expect(unknown).toEqual({
    code: 4,
    stdout: '',
    stderr: 'cc-users has no run nothing. See `cdi runs cc-users`.\n',
  });
  expect(foreign).toMatchObject({ code: 4, stdout: '' });
});

test('run: success, a run that fails, and `runs` with both for scripts', async () => {
  const [success, failed] = await Promise.all([
    cli('run', 'cc-events', '--json'),
    cli('run', 'cc-gone', '--json'),
  ]);
  expect(success).toMatchObject({ code: 0, stderr: '' });
  expect(jsonOf(success)).toMatchObject({
    status: 'success',
    read: 100,
    sent: 100,
    rejected: 0,
    error: null,
  });
  expect((await installation.braze.client.state()).events).toBe(100);

  expect(failed.code).toBe(1);
  expect(jsonOf(failed)).toMatchObject({ status: 'config_error', error: { type: 'table_missing' } });
  expect(JSON.parse(failed.stderr)).toMatchObject({
    exitCode: 1,
    error: textLike(/^table_missing: /),
  });

  const [runs, limited, ofGone] = await Promise.all([
    cli('runs', 'cc-events', '--json'),
    cli('runs', 'cc-users', '--limit', '1'),
    cli('runs', 'cc-gone'),
  ]);
  expect(jsonOf(runs)).toMatchObject([
    { run: jsonOf<{ run: string }>(success).run, trigger: 'manual', possiblyDoubledRanges: [] },
  ]);
  expect(limited.stdout.split('\n')[2]).toMatch(/ manual +partial +\d{4}-\d\d-\d\dT.* s +10 +8 +2 /);
  expect(ofGone.stdout).toMatch(/config_error .* table_missing$/m);
});

test('run: a second one while one is under way exits 3; --no-wait leaves the first to itself', async () => {
  await installation.braze.client.setLatency({ ms: 6_000 });
  await createEvents(installation.source, 'slow', 10);
  await installation.declare({ name: 'cc-slow', table: 'slow', data_type: 'events' });
  const started = await cli('run', 'cc-slow', '--no-wait', '--json');
  expect(started).toMatchObject({ code: 0, stderr: '' });
  const { run } = jsonOf<{ run: string }>(started);
  await expect
    .poll(async () => (await installation.session.ledger.runs.get(run))?.status, { timeout: 10_000 })
    .toBe('running');

  const [second, deletion, status] = await Promise.all([
    cli('run', 'cc-slow'),
    cli('delete', 'cc-slow', '--yes'),
    cli('status', '--json'),
  ]);
  expect(second).toEqual({
    code: 3,
    stdout: '',
    stderr: 'Another job is in progress: a run of cc-slow is under way. See `cdi status`.\n',
  });
  expect(deletion).toMatchObject({
    code: 3,
    stderr: textLike(/^A run of cc-slow is under way/),
  });
  expect(jsonOf(status)).toContainEqual(
    objectLike({
      sync: 'cc-slow',
      lastRun: objectLike({ run, status: 'running' }),
    }),
  );
  const client = await installation.session.temporal();
  expect(await client.workflow.getHandle(runWorkflowId('cc-slow'), run).result()).toMatchObject({
    status: 'success',
    counts: { sent: 10 },
  });
});

test('list, status and show tell of syncs, in words and as JSON, and never of secrets', async () => {
  await runSync(installation.session, silentOutput(), 'cc-users', { wait: true });
  const [list, listJson, status, show, showJson] = await Promise.all([
    cli('list'),
    cli('list', '--json'),
    cli('status'),
    cli('show', 'cc-users'),
    cli('show', 'cc-users', '--json'),
  ]);
  expect(list.stdout).toMatch(/^SYNC +DATA TYPE +SOURCE +WORKSPACE +SCHEDULE +STATE$/m);
  expect(list.stdout).toMatch(/^cc-users +attributes +cdi\.users +main +every 1 month +active$/m);
  expect(list.stdout).toMatch(/^cc-events +events +cdi\.events +main +manual +manual$/m);
  expect(jsonOf(listJson)).toContainEqual(
    objectLike({ name: 'cc-users', data_type: 'attributes', state: 'active' }),
  );
  expect(status.stdout).toMatch(
    /^cc-users +active +\w+ +20\S+Z +\d+ +\d+ +2026-01-01 00:00:10\.000000 +\d{4}-\d\d-01T00:00:00Z$/m,
  );
  expect(show.stdout).toMatch(/^name: cc-users$/m);
  expect(jsonOf(showJson)).toMatchObject({
    name: 'cc-users',
    state: 'active',
    watermark: '2026-01-01 00:00:10.000000',
    paused: false,
    next_run: textLike(/-01T00:00:00\.000Z$/),
  });
  for (const { code, stdout, stderr } of [list, listJson, status, show, showJson]) {
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).not.toContain('sim-key');
  }
});

test('a sync or a credential that is not there: exit 4, and what there is', async () => {
  const commands = ['show', 'test', 'run', 'runs', 'rejected', 'pause', 'resume', 'delete'];
  const results = await Promise.all([
    ...commands.map((command) => cli(command, 'cc-nobody')),
    cli('credential', 'test', 'cc-nobody'),
    cli('credential', 'delete', 'cc-nobody', '--yes'),
  ]);
  for (const result of results) {
    expect(result).toMatchObject({
      code: 4,
      stdout: '',
      stderr: textLike(/^There is no (sync|credential) cc-nobody\. Known: .*(cc-users|source)/),
    });
  }
});

test('credential list, test and delete', async () => {
  const [list, listJson, passed, failed, inUse, unasked] = await Promise.all([
    cli('credential', 'list'),
    cli('credential', 'list', '--json'),
    cli('credential', 'test', 'source'),
    cli('credential', 'test', 'wrong', '--json'),
    cli('credential', 'delete', 'source', '--yes'),
    cli('credential', 'delete', 'wrong'),
  ]);
  expect(list.stdout).toMatch(/^source +redshift +\w+@127\.0\.0\.1:\d+\/clicmd_source +cc-columns, /m);
  expect(jsonOf(listJson)).toContainEqual(objectLike({ name: 'wrong', usedBy: ['cc-wrong'] }));
  expect(list.stdout + listJson.stdout).not.toMatch(/password|not-the-password|SOURCE_PASSWORD/);
  expect(passed.stdout).toMatch(/^source: connected; the clock of the warehouse says 20\d\d-/);
  expect(failed.code).toBe(1);
  expect(jsonOf(failed)).toMatchObject({ credential: 'wrong', passed: false, type: 'credentials_invalid' });
  expect(inUse).toMatchObject({
    code: 2,
    stdout: '',
    stderr: textLike(/^The credential source is in use by: cc-columns, /),
  });
  expect(unasked).toEqual({
    code: 2,
    stdout: '',
    stderr: 'Delete the credential wrong? Say so with --yes.\n',
  });
  expect((await installation.session.ledger.definitions.credential('wrong')).secrets).toEqual({
    password: 'not-the-password',
  });

  await declareCredential('unused', {});
  expect(await cli('credential', 'delete', 'unused', '--yes')).toMatchObject({
    code: 0,
    stdout: 'unused: deleted.\n',
  });
  await expect(installation.session.ledger.definitions.credential('unused')).rejects.toMatchObject({
    type: 'definition_missing',
  });
});

test('delete asks first, takes the schedule along and keeps the watermark', async () => {
  const { definitions, watermarks } = installation.session.ledger;
  const { schedule } = await installation.session.temporal();
  const handle = schedule.getHandle(scheduleId('cc-users'));
  const asked = await cli('delete', 'cc-users');
  expect(asked).toEqual({
    code: 2,
    stdout: '',
    stderr: 'Delete the sync cc-users? Its rows in Braze stay as they are. Say so with --yes.\n',
  });
  expect((await definitions.sync('cc-users')).deletedAt).toBeNull();
  await handle.describe();

  const deleted = await cli('delete', 'cc-users', '--yes');
  expect(deleted).toEqual({
    code: 0,
    stdout: 'cc-users: deleted. Its watermark is kept for a later apply.\n',
    stderr: '',
  });
  await expect(handle.describe()).rejects.toThrow();
  await expect(definitions.sync('cc-users')).rejects.toMatchObject({ type: 'definition_missing' });
  expect((await watermarks.get('cc-users'))?.value).toBe('2026-01-01 00:00:10.000000');
  expect((await cli('list')).stdout).not.toContain('cc-users');
});
