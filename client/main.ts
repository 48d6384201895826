/**
 * Entry point of the command line. Commands are loaded when they are called: help, and a command line that is wrong,
 * answer at once.
 */
import { fileURLToPath } from 'node:url';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { EXIT, type ExitCode } from './command-error.ts';
import { terminalOutput, type Output } from './output/output.ts';
import { addKeyCommands } from './key-commands.ts';
import { list, watermarkAnswers } from './repeated-options.ts';
import type { Session } from './session.ts';
import { addOperationCommands } from './operation-commands.ts';
import { addWarehouseCommands } from './warehouse-commands.ts';

const DEFAULT_HOME = process.env['CDI_HOME'] ?? '.cdi';
const API_PORT = 8240;

const program = new Command('cdi')
  .description('Moves the new rows of warehouse tables to Braze, on durable Temporal schedules.')
  .option('--home <folder>', 'folder of `cdi up`', DEFAULT_HOME)
  .option('--json', 'print results for scripts', false)
  .showHelpAfterError('Try --help.')
  .exitOverride()
  .configureHelp({ showGlobalOptions: true })
  .addHelpText(
    'after',
    `
Exit codes:
  0  done
  1  what was asked for failed: a run, a test
  2  the command line or a definition is wrong; nothing was changed
  3  another run of the sync is under way
  4  there is no such sync, credential or run
  5  Temporal, the ledger or a worker does not answer`,
  );

interface Globals {
  readonly home: string;
  readonly json: boolean;
}

const globals = (): Globals => program.opts<Globals>();

/** Runs a command with a session that is closed whatever happens. */
async function inSession(work: (session: Session, output: Output) => Promise<void>): Promise<void> {
  const { Session } = await import('./session.ts');
  const { sessionSettings } = await import('./settings.ts');
  const session = new Session(await sessionSettings(process.env, globals().home));
  try {
    await work(session, terminalOutput(globals().json));
  } finally {
    await session.close();
  }
}

function port(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0 || number > 65_535)
    throw new InvalidArgumentError('Give a port, or 0 for any.');
  return number;
}

/** An empty variable counts as not set. */
function given(variable: string): string | undefined {
  return process.env[variable] === '' ? undefined : process.env[variable];
}

function count(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('Give a whole number above 0.');
  return number;
}

interface UpArguments {
  readonly daemon: boolean;
  readonly temporalPort: number;
  readonly uiPort: number;
  readonly postgresPort: number;
  readonly apiPort: number;
}

program
  .command('up')
  .description('start everything on this machine: PostgreSQL, Temporal with its UI, the worker, the API')
  .option('--daemon', 'run in the background; `cdi down` stops it', false)
  .option('--temporal-port <port>', 'port of Temporal; 0 for any', port, 7233)
  .option('--ui-port <port>', 'port of the Temporal UI; 0 for any', port, 8233)
  .option('--postgres-port <port>', 'port of PostgreSQL; 0 for any', port, 5433)
  .option('--api-port <port>', 'port of the API and the status page; 0 for any', port, API_PORT)
  .action(async (options: UpArguments) => {
    const { home } = globals();
    const ports = [
      '--temporal-port',
      options.temporalPort,
      '--ui-port',
      options.uiPort,
      '--postgres-port',
      options.postgresPort,
      '--api-port',
      options.apiPort,
    ];
    const { cacheFolder } = await import('./embedded/temporal-cli.ts');
    const { runUp } = await import('./up/run-up.ts');
    const { restoreSchedules } = await import('./commands/restore-schedules.ts');
    const { watchServices } = await import('./commands/watch-services.ts');
    const { watchSettings } = await import('./commands/watch.ts');
    const { homeAt, logOf } = await import('./up/home.ts');
    const settings = watchSettings(process.env);
    await runUp({
      home,
      temporalPort: options.temporalPort,
      uiPort: options.uiPort,
      postgresPort: options.postgresPort,
      apiPort: options.apiPort,
      cliPath: process.env['TEMPORAL_CLI_PATH'],
      cacheFolder: cacheFolder(process.env),
      workerEnv: process.env,
      say: (line) => terminalOutput(false).say(line),
      daemon: options.daemon
        ? [fileURLToPath(import.meta.url), '--home', home, 'up', ...ports.map(String)]
        : undefined,
      onReady: (services) =>
        restoreSchedules(services, (line) => terminalOutput(false).say(line), given('CDI_QUEUE_PREFIX')),
      beside: (services) => watchServices(services, settings, logOf(homeAt(home), 'watch')),
    });
  });

program
  .command('down')
  .description('stop what `cdi up` started')
  .action(async () => {
    const output = terminalOutput(globals().json);
    const { runDown } = await import('./up/run-down.ts');
    const stopped = await runDown(globals().home, (line) => output.say(line));
    output.print(output.json ? JSON.stringify({ stopped }) : stopped ? 'Stopped.' : 'Nothing was running.');
  });

program
  .command('apply')
  .description('bring ledger and schedules in line with the definitions of a folder')
  .argument('<dir>', 'folder with YAML files')
  .option('--dry-run', 'show what would change, change nothing', false)
  .option('--prune', 'delete what the folder no longer has', false)
  .option(...watermarkAnswers, list, [])
  .option('--no-test', 'leave new syncs untested, and so paused')
  .action(
    async (dir: string, options: { dryRun: boolean; prune: boolean; watermark: string[]; test: boolean }) =>
      inSession(async (session, output) => {
        const { applyDirectory } = await import('./commands/apply.ts');
        await applyDirectory(session, output, dir, { ...options, env: process.env });
      }),
  );

program
  .command('list')
  .description('the syncs there are')
  .action(() =>
    inSession(async (session, output) => {
      const { listSyncs } = await import('./commands/list.ts');
      await listSyncs(session, output);
    }),
  );

program
  .command('status')
  .description('each sync with its last and next run')
  .action(() =>
    inSession(async (session, output) => {
      const { showStatus } = await import('./commands/list.ts');
      await showStatus(session, output);
    }),
  );

program
  .command('show')
  .description('the definition of a sync, its watermark and its schedule')
  .argument('<sync>')
  .action((sync: string) =>
    inSession(async (session, output) => {
      const { showSync } = await import('./commands/list.ts');
      await showSync(session, output, sync);
    }),
  );

program
  .command('test')
  .description('connection test with a preview of 10 rows and their requests; nothing is sent')
  .argument('<sync>')
  .action((sync: string) =>
    inSession(async (session, output) => {
      const { testOneSync } = await import('./commands/test.ts');
      await testOneSync(session, output, sync);
    }),
  );

program
  .command('run')
  .description('run a sync now, without touching its schedule')
  .argument('<sync>')
  .option('--no-wait', 'return once the run has started')
  .action((sync: string, options: { wait: boolean }) =>
    inSession(async (session, output) => {
      const { runSync } = await import('./commands/run.ts');
      await runSync(session, output, sync, options);
    }),
  );

program
  .command('runs')
  .description('the latest runs of a sync')
  .argument('<sync>')
  .option('--limit <n>', 'how many', count, 20)
  .action((sync: string, options: { limit: number }) =>
    inSession(async (session, output) => {
      const { showRuns } = await import('./commands/list.ts');
      await showRuns(session, output, sync, options.limit);
    }),
  );

program
  .command('rejected')
  .description('rejected rows of a run: counts by reason, or the rows themselves')
  .argument('<sync>')
  .option('--run <id>', 'default: the newest run that rejected rows')
  .option('--csv', 'the rows as CSV; with --json: as JSON, one row a line', false)
  .action((sync: string, options: { run?: string; csv: boolean }) =>
    inSession(async (session, output) => {
      const { showRejected } = await import('./commands/rejected.ts');
      await showRejected(session, output, sync, {
        run: options.run,
        format: output.json ? 'json' : options.csv ? 'csv' : 'table',
      });
    }),
  );

program
  .command('retry')
  .description('send rejected rows again: as they are in the table now, never over something newer')
  .argument('<sync>')
  .option('--run <id>', 'only rows that this run rejected; default: all that were not sent again yet')
  .option('--as-rejected', 'as they were when rejected, where nothing newer went out', false)
  .option('--deletes', 'send rows that delete, too', false)
  .option('--no-wait', 'return once the run has started')
  .action((sync: string, options: { run?: string; asRejected: boolean; deletes: boolean; wait: boolean }) =>
    inSession(async (session, output) => {
      const { retryRejected } = await import('./commands/retry.ts');
      const { whoAmI } = await import('./who.ts');
      await retryRejected(session, output, sync, { ...options, run: options.run, by: whoAmI() });
    }),
  );

program
  .command('rewind')
  .description('set the watermark back, so that the next run sends again what lies after it')
  .argument('<sync>')
  .requiredOption('--to <time>', '`beginning`, or a UTC time such as 2026-01-31T00:00:00Z')
  .option('--yes', 'do not ask', false)
  .action((sync: string, options: { to: string; yes: boolean }) =>
    inSession(async (session, output) => {
      const { rewindSync } = await import('./commands/rewind.ts');
      const { whoAmI } = await import('./who.ts');
      await rewindSync(session, output, sync, { ...options, by: whoAmI() });
    }),
  );

for (const [command, decision, description] of [
  ['approve', 'approved', 'let a held run go on'],
  ['reject', 'rejected', 'end a held run and pause its schedule'],
] as const) {
  program
    .command(command)
    .description(description)
    .argument('<sync>')
    .action((sync: string) =>
      inSession(async (session, output) => {
        const { answerHeldRun, answerText } = await import('./commands/answer-held.ts');
        const { whoAmI } = await import('./who.ts');
        const answered = await answerHeldRun(session, sync, decision, whoAmI());
        output.print(output.json ? JSON.stringify(answered) : answerText(answered));
      }),
    );
}

program
  .command('pause')
  .description('pause the schedule of a sync')
  .argument('<sync>')
  .option('--note <text>', 'why; shown in the Temporal UI', 'Paused by cdi pause.')
  .action((sync: string, options: { note: string }) =>
    inSession(async (session, output) => {
      const { pauseSync } = await import('./commands/pause.ts');
      const message = await pauseSync(session, sync, options.note);
      output.print(output.json ? JSON.stringify({ sync, paused: true }) : message);
    }),
  );

program
  .command('resume')
  .description('resume the schedule of a sync')
  .argument('<sync>')
  .option('--note <text>', 'why; shown in the Temporal UI', 'Resumed by cdi resume.')
  .action((sync: string, options: { note: string }) =>
    inSession(async (session, output) => {
      const { resumeSync } = await import('./commands/pause.ts');
      const message = await resumeSync(session, sync, options.note);
      output.print(output.json ? JSON.stringify({ sync, paused: false }) : message);
    }),
  );

program
  .command('logs')
  .description('what the worker logged about a run')
  .argument('<run>', 'its id, as `cdi runs` prints it, or the first eight characters or more')
  .option('--stdin', 'read logs from standard input instead of those of `cdi up`', false)
  .action(async (run: string, options: { stdin: boolean }) => {
    const { home, json } = globals();
    const { showLogs } = await import('./commands/logs.ts');
    await showLogs(terminalOutput(json), run, home, options.stdin ? process.stdin : undefined);
  });

program
  .command('watch')
  .description('tell what no run can tell: syncs that are stale, credentials that expire; part of `cdi up`')
  .option('--once', 'look once and end', false)
  .action((options: { once: boolean }) =>
    inSession(async (session, output) => {
      const { runWatch } = await import('./commands/watch.ts');
      const { stopRequest } = await import('./up/stop-request.ts');
      using request = stopRequest();
      await runWatch(session, output, { ...options, env: process.env, stop: request.asked });
    }),
  );

program
  .command('delete')
  .description('delete a sync and its schedule; its watermark is kept')
  .argument('<sync>')
  .option('--yes', 'do not ask', false)
  .action((sync: string, options: { yes: boolean }) =>
    inSession(async (session, output) => {
      const { deleteSync } = await import('./commands/delete.ts');
      await deleteSync(session, output, sync, options.yes);
    }),
  );

interface ApiArguments {
  readonly host: string;
  readonly port?: number;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly publicUrl?: string;
}

program
  .command('api')
  .description('serve the HTTP API and the status page, until told to stop')
  .option('--host <address>', 'address to listen on', given('CDI_API_HOST') ?? '127.0.0.1')
  .option('--port <port>', `port to listen on; 0 for any (default: CDI_API_PORT, else ${API_PORT})`, port)
  .option(
    '--tls-cert <file>',
    'PEM file with the certificate, and those of its issuers',
    given('CDI_API_TLS_CERT'),
  )
  .option('--tls-key <file>', 'PEM file with its private key', given('CDI_API_TLS_KEY'))
  .option('--public-url <url>', 'where browsers reach it through a proxy', given('CDI_API_PUBLIC_URL'))
  .action(async (options: ApiArguments) => {
    const { runApi } = await import('../api/run-api.ts');
    const { apiPortSetting, sessionSettings } = await import('./settings.ts');
    await runApi(await sessionSettings(process.env, globals().home), {
      ...options,
      port: options.port ?? apiPortSetting(process.env) ?? API_PORT,
      tlsCert: options.tlsCert,
      tlsKey: options.tlsKey,
      publicUrl: options.publicUrl,
      logLevel: given('CDI_LOG_LEVEL') ?? 'info',
    });
  });

addKeyCommands(program.command('key').description('keys of the HTTP API and its status page'), { inSession });

const surroundings = { env: process.env, output: () => terminalOutput(globals().json), inSession };
addWarehouseCommands(program, surroundings);
addOperationCommands(program, surroundings);

// A reader that has seen enough, such as `head`, is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = await exitCodeOf(error);
}

async function exitCodeOf(error: unknown): Promise<ExitCode> {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const { exitWith } = await import('./exit-with.ts');
  return exitWith(error, globals().json);
}
