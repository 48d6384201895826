/** What the command line says before it does anything, and where nothing can be done. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { EXIT } from '../../../client/command-error.ts';
import { runWorkflowId } from '../../../model/names.ts';
import { type CliResult, runCli } from '../../support/cli-process.ts';
import { type Installation, install } from '../../support/installation.ts';
import { textLike } from '../../support/matching.ts';

const KEY = `k:${Buffer.alloc(32, 7).toString('base64')}`;
const NOWHERE = '127.0.0.1:1';

describe('help', () => {
  const COMMANDS: readonly (readonly [string, RegExp])[] = [
    ['', /Moves the new rows of warehouse tables to Braze/],
    ['up', /--daemon.*--temporal-port.*--ui-port.*--postgres-port/s],
    ['down', /stop what `cdi up` started/],
    ['apply', /<dir>.*--dry-run.*--prune.*--watermark <NAME=keep\|reset>/s],
    ['list', /the syncs there are/],
    ['show', /<sync>/],
    ['status', /last and next run/],
    ['test', /nothing is sent/],
    ['run', /--no-wait/],
    ['runs', /--limit <n>/],
    ['rejected', /--run <id>.*--csv/s],
    ['approve', /let a held run go on/],
    ['reject', /end a held run and pause its schedule/],
    ['retry', /--run <id>.*--as-rejected.*--deletes.*--no-wait/s],
    ['rewind', /--to <time>.*--yes/s],
    ['pause', /--note <text>/],
    ['resume', /--note <text>/],
    ['delete', /--yes/],
    ['setup', /<warehouse>.*--type <type>.*--credential <name>.*--egress <address>.*--sql.*--check/s],
    ['credential add', /<file>/],
    ['credential list', /secrets are never shown/],
    ['credential test', /<name>/],
    ['credential delete', /--yes/],
    ['credential keygen', /snowflake.*ssh/s],
    ['credential keygen snowflake', /--out <file>.*--passphrase-env <name>.*--user <name>.*--rotate/s],
    ['credential keygen ssh', /--out <file>.*--algorithm <name>.*--to <host:port>/s],
  ];

  test.concurrent.each(COMMANDS)('cdi %s --help', async (command, says) => {
    const { code, stdout, stderr } = await runCli({}, [...command.split(' ').filter(Boolean), '--help']);
    expect({ code, stderr }).toEqual({ code: EXIT.ok, stderr: '' });
    expect(stdout).toContain(`Usage: cdi ${command}`.trimEnd());
    expect(stdout).toMatch(says);
    expect(stdout).toContain('--json');
  });

  test('lists every command, and every exit code there is', async () => {
    const { stdout } = await runCli({}, ['--help']);
    for (const [command] of COMMANDS) expect(stdout).toContain(command.split(' ')[0]);
    const listed = [...stdout.matchAll(/^ {2}(\d) {2}\S/gm)].map(([, code]) => Number(code));
    expect(listed).toEqual(Object.values(EXIT));
  });
});

describe('a command line that is wrong', () => {
  test.concurrent.each([
    ['nothing at all', [], /Usage: cdi/],
    ['an unknown command', ['aply'], /unknown command 'aply'.*apply/s],
    ['an unknown option', ['list', '--verbose'], /unknown option '--verbose'/],
    ['a missing argument', ['run'], /missing required argument 'sync'/],
    ['one argument too many', ['list', 'all'], /too many arguments/],
    ['a number that is none', ['runs', 'users', '--limit', '0'], /whole number above 0/],
  ])('%s: exit 2', async (_what, args, says) => {
    const result = await runCli({}, args);
    expect(result).toMatchObject({ code: EXIT.usage, stdout: '' });
    expect(result.stderr).toMatch(says);
  });
});

describe('where nothing runs', () => {
  test('a home without `cdi up`: exit 5 and what to do', async () => {
    const result = await runCli({}, ['--home', '/nowhere', 'list']);
    expect(result).toEqual({
      code: EXIT.unreachable,
      stdout: '',
      stderr:
        'Nothing runs in /nowhere. Start it with `cdi up`, or set CDI_LEDGER_URL, CDI_KEY_FILE and TEMPORAL_ADDRESS.\n',
    });
  });

  test('errors for scripts are JSON too', async () => {
    const { code, stderr } = await runCli({}, ['--json', 'status']);
    expect(code).toBe(EXIT.unreachable);
    expect(JSON.parse(stderr)).toMatchObject({
      exitCode: EXIT.unreachable,
      error: textLike(/^Nothing runs/),
    });
  });

  test('`cdi down` has nothing to stop', async () => {
    expect(await runCli({}, ['down'])).toMatchObject({ code: EXIT.ok, stdout: 'Nothing was running.\n' });
    expect((await runCli({}, ['down', '--json'])).stdout).toBe('{"stopped":false}\n');
  });

  test('a ledger that does not answer: exit 5, and no password', async () => {
    const result = await runCli(
      { CDI_LEDGER_URL: `postgresql://cdi:hidden@${NOWHERE}/ledger`, CDI_KEY: KEY },
      ['list'],
    );
    expect(result).toMatchObject({ code: EXIT.unreachable, stdout: '' });
    expect(result.stderr).toBe(
      'The ledger database does not answer. Is `cdi up` running, or CDI_LEDGER_URL wrong?\n',
    );
  });

  test('a ledger that refuses: exit 5, and what to check', async () => {
    const [user, database] = [new URL(inject('postgresUrl')), new URL(inject('postgresUrl'))];
    user.username = 'nobody';
    database.pathname = '/no_such_ledger';
    const [refused, missing] = await Promise.all(
      [user, database].map((url) => runCli({ CDI_LEDGER_URL: url.href, CDI_KEY: KEY }, ['list'])),
    );
    expect(refused).toEqual({
      code: EXIT.unreachable,
      stdout: '',
      stderr: 'The ledger database refuses user or password. Check CDI_LEDGER_URL.\n',
    });
    expect(missing).toMatchObject({
      code: EXIT.unreachable,
      stderr: 'There is no such ledger database. Check CDI_LEDGER_URL.\n',
    });
  });

  test.each([
    ['CDI_LEDGER_URL is no URL', { CDI_LEDGER_URL: 'hidden', CDI_KEY: KEY }, EXIT.usage],
    [
      'The key file /nowhere cannot be read (ENOENT)',
      { CDI_LEDGER_URL: 'postgres://a/b', CDI_KEY_FILE: '/nowhere' },
      EXIT.usage,
    ],
    ['No key was given', { CDI_LEDGER_URL: 'postgres://a/b' }, EXIT.failed],
    ['Key 1 is not', { CDI_LEDGER_URL: 'postgres://a/b', CDI_KEY: 'hidden' }, EXIT.failed],
  ])('settings that are wrong: %s', async (says, environment, code) => {
    const result = await runCli(environment, ['list']);
    expect(result).toMatchObject({ code, stdout: '' });
    expect(result.stderr).toContain(says);
    expect(result.stderr).not.toMatch(/hidden|\n\s+at /);
  });
});

describe.concurrent('where parts do not run', () => {
  let installation: Installation;
  let folder: string;
  const cli = (...args: string[]): Promise<CliResult> => runCli(installation.environment, args);

  beforeAll(async () => {
    installation = await install('cliusage');
    folder = await mkdtemp(join(tmpdir(), 'cdi-usage-'));
    for (const name of ['cli-idle', 'cli-ended']) {
      await installation.declare({ name, table: name, data_type: 'events' });
    }
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
    await installation[Symbol.asyncDispose]();
  });

  test('Temporal does not answer: exit 5; what needs only the ledger still works', async () => {
    const environment = { ...installation.environment, TEMPORAL_ADDRESS: NOWHERE };
    const [status, list] = await Promise.all([
      runCli(environment, ['status']),
      runCli(environment, ['list']),
    ]);
    expect(status).toEqual({
      code: EXIT.unreachable,
      stdout: '',
      stderr: `Temporal does not answer at ${NOWHERE}. Is \`cdi up\` running?\n`,
    });
    expect(list).toMatchObject({ code: EXIT.ok, stdout: textLike(/cli-idle/) });
  });

  test('a namespace that Temporal does not know: exit 5 and what to check', async () => {
    const environment = { ...installation.environment, TEMPORAL_NAMESPACE: 'elsewhere' };
    expect(await runCli(environment, ['run', 'cli-idle'])).toEqual({
      code: EXIT.unreachable,
      stdout: '',
      stderr: 'Temporal does not know this namespace. Check TEMPORAL_NAMESPACE.\n',
    });
  });

  test('no worker: a test gives up with exit 5, a run waits and says so', async () => {
    const file = join(folder, 'waits.yaml');
    await writeFile(
      file,
      JSON.stringify({
        kind: 'sync',
        name: 'cli-waits',
        workspace: 'main',
        credential: 'source',
        source: { schema: 'cdi', table: 'waits' },
        data_type: 'events',
        schedule: { every: '1 month' },
        notifications: { contacts: ['team@example.com'] },
      }),
    );
    const ended = cli('run', 'cli-ended');
    const [tested, credential, applied] = await Promise.all([
      cli('test', 'cli-idle'),
      cli('credential', 'test', 'source', '--json'),
      cli('apply', folder),
    ]);
    const sentence = `No worker on the queue ${installation.environment['CDI_QUEUE_PREFIX']}-control took the test up. Is one running?`;
    expect(tested).toEqual({ code: EXIT.unreachable, stdout: '', stderr: `${sentence}\n` });
    expect(credential).toMatchObject({ code: EXIT.unreachable, stdout: '' });
    expect(JSON.parse(credential.stderr)).toEqual({ error: sentence, exitCode: EXIT.unreachable });
    expect(applied.code).toBe(EXIT.unreachable);
    expect(applied.stderr).toBe(
      `${sentence}\nEverything is applied; syncs that have not passed their test stay paused.\n`,
    );

    // A run that ends before a worker wrote its record has nothing to show, least of all an older run.
    const client = await installation.session.temporal();
    await sleep(1_000);
    await client.workflow.getHandle(runWorkflowId('cli-ended')).terminate('test');
    const { code, stdout, stderr } = await ended;
    expect({ code, stdout }).toEqual({ code: EXIT.failed, stdout: '' });
    expect(stderr).toContain('The run waits for a worker on the queue');
    expect(stderr).toContain('The run ended before it could be recorded');
    await client.schedule.getHandle('sync/cli-waits').delete();
  });
});
