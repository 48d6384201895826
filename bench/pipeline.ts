/**
 * The complete system on one machine: a table in PostgreSQL, a real Temporal server on a file, ledger, encrypted staging,
 * the worker, and the simulator's fast mode; and the raw loop over the same table, before and after it. Prints one JSON
 * line: `npm run bench -- --rows N`.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import pg from 'pg';
import { restoreSchedules } from '../client/commands/restore-schedules.ts';
import { runSync } from '../client/commands/run.ts';
import { parseDefinitions } from '../client/definitions/parse-definitions.ts';
import { cacheFolder } from '../client/embedded/temporal-cli.ts';
import { terminalOutput } from '../client/output/output.ts';
import { Session } from '../client/session.ts';
import { NO_CHANGES } from '../store/definitions.ts';
import { startStack } from '../client/up/stack.ts';
import { spawnBrazeSimulator } from '../test/braze-simulator/simulator-client.ts';
import { fillTable } from './fill-table.ts';
import { usage } from './process-usage.ts';

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    latency: { type: 'string', default: '0' },
    concurrency: { type: 'string', default: '32' },
    profile: { type: 'string' },
  },
});

const rows = Number(options.rows);
const home = await mkdtemp(join(tmpdir(), 'cdi-bench-'));
await using cleanup = new AsyncDisposableStack();
cleanup.defer(() => rm(home, { recursive: true, force: true }));
const output = terminalOutput(true);
const braze = await spawnBrazeSimulator({ fast: true, latencyMs: Number(options.latency) });
cleanup.defer(() => braze.kill());
await braze.client.setLimits({ rates: { track: { requests: 10_000_000, windowMs: 3_000 } } });
const stack = await startStack({
  home,
  temporalPort: 0,
  uiPort: 0,
  postgresPort: 0,
  cliPath: process.env['TEMPORAL_CLI_PATH'],
  cacheFolder: cacheFolder(process.env),
  workerEnv: {
    ...process.env,
    ...(options.profile === undefined
      ? {}
      : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${options.profile}` }),
  },
  say: (line) => output.say(line),
  onReady: (services) => restoreSchedules(services, (line) => output.say(line)),
});
cleanup.defer(() => stack.stop());
const source = new pg.Client({ connectionString: stack.postgresUrl });
await source.connect();
cleanup.defer(() => source.end());
await fillTable(source, 'bench_users', rows);

const session = new Session({
  ledgerUrl: stack.postgresUrl,
  keys: await readFile(stack.keyFile, 'utf8'),
  connectionOptions: { address: stack.temporalAddress },
  namespace: stack.temporalNamespace,
});
cleanup.defer(() => session.close());
await declare(session, braze.url, stack.postgresUrl);

const rawBefore = options.latency === '0' ? await rawLoop() : undefined;
const before = await usage(stack.worker.pid);
const run = await runSync(session, output, 'bench', { wait: true });
const after = await usage(stack.worker.pid);
if (!run?.finishedAt) throw new Error('The run did not end.');
const seconds = (run.finishedAt.getTime() - run.startedAt.getTime()) / 1_000;
const rawAfter = options.latency === '0' ? await rawLoop() : undefined;
const raw = rawBefore && rawAfter ? Math.max(rawBefore.rowsPerSecond, rawAfter.rowsPerSecond) : undefined;
output.print(
  JSON.stringify({
    rows,
    seconds,
    rowsPerSecond: Math.round(run.counts.sent / seconds),
    cpuSecondsPerMillion: ((after.cpuSeconds - before.cpuSeconds) / rows) * 1e6,
    peakRssMb: after.peakRssMb,
    ...(raw === undefined ? {} : { raw: [rawBefore, rawAfter], ratioToRaw: run.counts.sent / seconds / raw }),
  }),
);

interface RawResult {
  readonly rowsPerSecond: number;
  readonly cpuSecondsPerMillion: number;
}

async function rawLoop(): Promise<RawResult> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    new URL('raw-loop.ts', import.meta.url).pathname,
    stack.postgresUrl,
    'public.bench_users',
    braze.url,
    '16',
  ]);
  return JSON.parse(stdout) as RawResult;
}

async function declare(session: Session, endpoint: string, postgresUrl: string): Promise<void> {
  const { hostname, port, username, password, pathname } = new URL(postgresUrl);
  const documents = [
    { kind: 'workspace', name: 'bench', endpoint, api_key: '${env:KEY}', track_requests_per_3s: 100_000 },
    {
      kind: 'credential',
      name: 'bench',
      warehouse: 'redshift',
      host: hostname,
      port: Number(port),
      database: pathname.slice(1),
      user: username,
      password: '${env:PASSWORD}',
      tls: 'off',
    },
    {
      kind: 'sync',
      name: 'bench',
      workspace: 'bench',
      credential: 'bench',
      source: { schema: 'public', table: 'bench_users' },
      data_type: 'attributes',
      schedule: 'manual',
      notifications: { contacts: ['bench@example.com'] },
      options: { rate_share: 1, max_concurrency: Number(options.concurrency) },
    },
  ];
  const parsed = parseDefinitions(
    documents.map((document) => ({ name: `${document.kind}.yaml`, text: JSON.stringify(document) })),
  );
  if (!parsed.valid) throw new Error(JSON.stringify(parsed.problems));
  const { workspaces, credentials, syncs } = parsed.definitions;
  await session.ledger.definitions.change({
    ...NO_CHANGES,
    workspaces: workspaces.map((definition) => ({ definition, secrets: { api_key: 'sim-key' } })),
    credentials: credentials.map((definition) => ({
      definition,
      secrets: { password: decodeURIComponent(password) },
    })),
    syncs: syncs.map((definition) => ({ definition, watermark: 'keep', retest: false })),
  });
}
