/**
 * `npm run demo`: `cdi up` with a Braze simulator, a mail catcher and sample tables; every sync runs twice, and what
 * the simulator holds is compared with what the tables ask for.
 */
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import {
  type SpawnedBrazeSimulator,
  spawnBrazeSimulator,
} from '../../test/braze-simulator/simulator-client.ts';
import { type SpawnedMailCatcher, spawnMailCatcher } from '../../test/mail-catcher/mail-catcher-client.ts';
import { applyDirectory } from '../../client/commands/apply.ts';
import { pauseSync, resumeSync } from '../../client/commands/pause.ts';
import { rowsPerSecond, runSeconds } from '../../client/commands/describe-run.ts';
import { restoreSchedules } from '../../client/commands/restore-schedules.ts';
import { runSync } from '../../client/commands/run.ts';
import { carryOutTest } from '../../client/commands/test.ts';
import { cacheFolder } from '../../client/embedded/temporal-cli.ts';
import { StartError } from '../../client/embedded/start-error.ts';
import { type Output, terminalOutput } from '../../client/output/output.ts';
import { table } from '../../client/output/table.ts';
import { Session } from '../../client/session.ts';
import { stopRequest } from '../../client/up/stop-request.ts';
import { startStack, type Stack, type StackOptions } from '../../client/up/stack.ts';
import type { PossiblyDoubledRange, RunRecord } from '../../store/runs.ts';
import { type DoubledRanges, compare } from './compare.ts';
import { sampleTables } from './sample-rows.ts';
import { addRows, createWarehouse } from './warehouse.ts';

const HERE = import.meta.dirname;
const DEMO_KEY = 'sim-key';
const READER_PASSWORD = 'demo-reader';
/** Exit code after Ctrl-C. */
const STOPPED = 130;

const { values: options } = parseArgs({
  options: {
    keep: { type: 'boolean', default: false },
    latency: { type: 'string', default: '0' },
    json: { type: 'string' },
    home: { type: 'string', default: '.cdi/demo' },
    help: { type: 'boolean', default: false },
  },
});

if (options.help) {
  process.stdout.write(
    `npm run demo -- [options]
  --keep          leave everything running at the end, until Ctrl-C
  --latency MS    let the simulator answer after MS milliseconds; the real thing takes 50 to 200
  --json FILE     write the result to FILE
  --home FOLDER   folder for all data, emptied first; default .cdi/demo\n`,
  );
} else {
  process.exit(await demo());
}

/** @returns the exit code: 0 only where everything arrived as the tables say */
async function demo(): Promise<number> {
  using stop = stopRequest();
  await using cleanup = new AsyncDisposableStack();
  const output: Output = {
    ...terminalOutput(false),
    print: (text) => void process.stdout.write(`${text}\n`),
  };
  let servers: Servers;
  try {
    servers = await startServers(output, cleanup, stop.asked);
  } catch (error) {
    if (stop.asked.aborted) return STOPPED;
    throw error;
  }
  const stopped = new Promise<number>((resolve) => {
    const onStop = (): void => {
      // What was under way fails in its own time while the servers stop; none of that is of interest any more.
      process.on('uncaughtException', () => undefined);
      resolve(STOPPED);
    };
    stop.asked.addEventListener('abort', onStop);
    if (stop.asked.aborted) onStop();
  });
  return await Promise.race([play(output, servers, cleanup), stopped]);
}

interface Servers {
  readonly braze: SpawnedBrazeSimulator;
  readonly mails: SpawnedMailCatcher;
  readonly stack: Stack;
}

async function startServers(
  output: Output,
  cleanup: AsyncDisposableStack,
  cancel: AbortSignal,
): Promise<Servers> {
  const home = resolve(options.home);
  await rm(home, { recursive: true, force: true });
  output.say('Starting a Braze simulator, a mail catcher, PostgreSQL, Temporal and a worker …');
  const braze = await spawnBrazeSimulator({ latencyMs: Number(options.latency) });
  cleanup.defer(() => braze.kill());
  await braze.client.putCatalog({
    name: 'products',
    fields: [
      { name: 'id', type: 'string' },
      { name: 'title', type: 'string' },
      { name: 'price', type: 'number' },
      { name: 'in_stock', type: 'boolean' },
    ],
  });
  const mails = await spawnMailCatcher();
  cleanup.defer(() => mails.kill());
  const stack = await start(home, mails.smtp, output, cancel);
  cleanup.defer(() => stack.stop());
  return { braze, mails, stack };
}

async function play(
  output: Output,
  { braze, mails, stack }: Servers,
  cleanup: AsyncDisposableStack,
): Promise<number> {
  const tables = sampleTables();
  const warehouse = await createWarehouse(stack.postgresUrl, READER_PASSWORD, tables);
  cleanup.defer(() => warehouse.end());
  output.say(
    `Filled five sample tables with ${tables.reduce((sum, { rows }) => sum + rows.length, 0).toLocaleString('en-US')} rows.`,
  );

  const session = new Session({
    ledgerUrl: stack.postgresUrl,
    keys: await readFile(stack.keyFile, 'utf8'),
    connectionOptions: { address: stack.temporalAddress },
    namespace: stack.temporalNamespace,
    temporalUi: stack.uiUrl,
  });
  cleanup.defer(() => session.close());
  const definitions = await writeDefinitions(braze.url, new URL(stack.postgresUrl).port);
  cleanup.defer(() => rm(definitions, { recursive: true, force: true }));
  output.say('\nApplying the definitions of examples/demo:');
  await applyDirectory(session, output, definitions, {
    dryRun: false,
    prune: false,
    watermark: [],
    test: false,
    env: { DEMO_BRAZE_KEY: DEMO_KEY, DEMO_WAREHOUSE_PASSWORD: READER_PASSWORD },
  });
  for (const { sync } of tables) {
    // A tick that fell into the demo would take rows away from the runs that it shows.
    await pauseSync(session, sync, 'Paused while the demo runs it by hand.');
    output.print((await carryOutTest(session, sync)).message);
  }
  output.say(`Their schedules: ${stack.uiUrl}/namespaces/default/schedules\n`);

  output.say('First run of each sync:');
  const runs: RunRecord[] = [];
  const round = async (): Promise<void> => {
    for (const { sync } of tables) {
      const run = await runSync(session, output, sync, { wait: true });
      if (run) runs.push(run);
    }
  };
  await round();
  output.say(
    '\nRows are added, some at the very instant at which the others ended. Second run: only those go.',
  );
  for (const each of tables) await addRows(warehouse, each, each.added);
  await round();

  const { differences, doubled } = await compare(
    tables,
    runs,
    await doubledRanges(session, runs),
    braze.client,
  );
  const received = await mails.client.mails();
  report(output, runs, await reasons(session, runs), received, differences, doubled, stack);
  if (options.json !== undefined)
    await writeFile(options.json, `${JSON.stringify(asJson(runs, received.length, differences.length))}\n`);

  if (options.keep) {
    for (const { sync } of tables) await resumeSync(session, sync, 'The demo is over.');
    output.say(
      `\nEverything keeps running; Ctrl-C stops it. In another terminal: npm run cdi -- --home ${options.home} status`,
    );
    await new Promise(() => undefined);
  }
  return differences.length === 0 && runs.every(({ finishedAt }) => finishedAt !== null) ? 0 : 1;
}

/** On the usual ports, or on free ones where they are taken. */
async function start(home: string, smtp: string, output: Output, cancel: AbortSignal): Promise<Stack> {
  const common: Omit<StackOptions, 'temporalPort' | 'uiPort' | 'postgresPort' | 'apiPort'> = {
    home,
    cliPath: process.env['TEMPORAL_CLI_PATH'],
    cacheFolder: cacheFolder(process.env),
    workerEnv: {
      ...process.env,
      CDI_SMTP_URL: smtp,
      CDI_MAIL_FROM: 'braze-cdi <cdi@example.com>',
      CDI_ALLOWED_ADDRESSES: '127.0.0.0/8',
    },
    cancel,
    say: (line) => output.say(line),
    onReady: (services) => restoreSchedules(services, (line) => output.say(line)),
  };
  try {
    return await startStack({
      ...common,
      temporalPort: 7233,
      uiPort: 8233,
      postgresPort: 5433,
      apiPort: 8240,
    });
  } catch (error) {
    if (!(error instanceof StartError) || !/port/i.test(error.message)) throw error;
    output.say('A usual port is taken; taking free ones.');
    return startStack({ ...common, temporalPort: 0, uiPort: 0, postgresPort: 0, apiPort: 0 });
  }
}

/** The definitions of this folder with the addresses of this demo. */
async function writeDefinitions(brazeUrl: string, postgresPort: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cdi-demo-'));
  for (const file of (await readdir(HERE)).filter((name) => name.endsWith('.yaml'))) {
    const text = await readFile(join(HERE, file), 'utf8');
    await writeFile(
      join(folder, file),
      text.replace('http://127.0.0.1:8790', brazeUrl).replace('port: 5433', `port: ${postgresPort}`),
    );
  }
  return folder;
}

/** What the runs recorded as possibly doubled, by sync. */
async function doubledRanges(session: Session, runs: readonly RunRecord[]): Promise<DoubledRanges> {
  const ranges = new Map<string, PossiblyDoubledRange[]>();
  for (const { id, sync } of runs) {
    ranges.set(sync, [...(ranges.get(sync) ?? []), ...(await session.ledger.runs.possiblyDoubled(id))]);
  }
  return ranges;
}

/** Rejected rows by reason, per run. */
async function reasons(session: Session, runs: readonly RunRecord[]): Promise<string[]> {
  const texts = await Promise.all(
    runs.map(async (run) => {
      const counts = await session.ledger.rejectedRows.countsByReason(run.id);
      return counts.map(({ count, code }) => `${count} ${code}`).join(', ');
    }),
  );
  return texts;
}

function report(
  output: Output,
  runs: readonly RunRecord[],
  rejections: readonly string[],
  mails: readonly { subject: string }[],
  differences: readonly string[],
  doubled: number,
  stack: Stack,
): void {
  const rows = runs.map((run, index) => [
    run.sync,
    run.status,
    run.counts.read,
    run.counts.sent,
    run.counts.rejected,
    run.counts.requests,
    rowsPerSecond(run),
    rejections[index] ?? '',
  ]);
  output.print(
    `\n${table(['SYNC', 'OUTCOME', 'READ', 'SENT', 'REJECTED', 'REQUESTS', 'ROWS/S', 'REJECTED BY REASON'], rows)}`,
  );
  output.print(`\nMails that went out (${mails.length}):`);
  for (const { subject } of mails) output.print(`  ${subject}`);
  output.print(`\nDifferences between the tables and what the simulator holds: ${differences.length}`);
  for (const difference of differences.slice(0, 20)) output.print(`  ${difference}`);
  if (doubled > 0) {
    output.print(
      `${doubled} events or purchases arrived twice, all within the ranges that their runs recorded.`,
    );
  }
  output.print(`\nTemporal UI  ${stack.uiUrl}/namespaces/default/workflows`);
  output.print(`Logs         ${stack.logs}`);
  output.print(
    `Rejected     npm run cdi -- --home ${options.home} rejected users-attributes   (with --keep)`,
  );
}

function asJson(runs: readonly RunRecord[], mails: number, differences: number): object {
  return {
    runs: runs.map((run) => ({
      sync: run.sync,
      dataType: run.dataType,
      outcome: run.status,
      read: run.counts.read,
      sent: run.counts.sent,
      rejected: run.counts.rejected,
      requests: run.counts.requests,
      seconds: runSeconds(run),
      rowsPerSecond: rowsPerSecond(run),
    })),
    mails,
    differences,
  };
}
