/**
 * Records the histories that test/unit/replay replays, from real runs of every shape: `npm run histories`. Names of
 * shapes as arguments (`npm run histories -- retry`) leave the other files as they are.
 * Record them from the code that is deployed, never from a change that is under test: a changed workflow must replay
 * what its predecessor recorded.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import proto from '@temporalio/common/lib/proto-utils.js';
import { claimPort, LOCALHOST } from '../client/embedded/claim-port.ts';
import { startPostgres } from '../client/embedded/postgres.ts';
import { cacheFolder, temporalCli } from '../client/embedded/temporal-cli.ts';
import { startTemporalServer } from '../client/embedded/temporal-server.ts';
import { runWorkflowId } from '../model/names.ts';
import { REPLAY_SHAPES, type ReplayShape } from '../test/replay/shapes.ts';
import { createEvents, addEvents } from '../test/support/event-table.ts';
import { install } from '../test/support/installation.ts';

const TARGET = new URL('../test/replay/', import.meta.url).pathname;

const folder = await mkdtemp(join(tmpdir(), 'cdi-record-'));
await using cleanup = new AsyncDisposableStack();
cleanup.defer(() => rm(folder, { recursive: true, force: true }));
const say = (line: string): void => void process.stderr.write(`${line}\n`);
const cli = await temporalCli({
  path: process.env['TEMPORAL_CLI_PATH'],
  cacheFolder: cacheFolder(process.env),
  say,
});
const postgres = await startPostgres({
  dataDir: join(folder, 'postgres'),
  port: 0,
  user: 'record',
  password: 'record',
  log: join(folder, 'postgres.log'),
});
cleanup.defer(() => postgres.stop());
const temporal = await startTemporalServer({
  cli,
  dbFile: join(folder, 'temporal.db'),
  ip: LOCALHOST,
  port: await claimPort(0, ''),
  uiPort: await claimPort(0, ''),
  namespace: 'default',
  log: join(folder, 'temporal.log'),
  say,
  dynamicConfig: { 'limit.historyCount.suggestContinueAsNew': '100' },
});
cleanup.defer(() => temporal.stop());
const installation = await install('record', {
  servers: { postgresUrl: postgres.url, temporalAddress: temporal.address },
  latencyMs: 20,
});
cleanup.defer(() => installation[Symbol.asyncDispose]());
await installation.startWorker();
const client = await installation.session.temporal();
const { control } = installation.session.queues;

const recorded = new Set<ReplayShape>();
const wanted = process.argv.slice(2);

async function record(shape: ReplayShape, workflowId: string, runId?: string): Promise<void> {
  const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  const json = JSON.parse(proto.historyToJSON(history)) as object;
  if (wanted.length === 0 || wanted.includes(shape))
    await writeFile(join(TARGET, `${shape}.json`), `${JSON.stringify(json, withoutMachine, 1)}\n`);
  recorded.add(shape);
  say(`${shape}: ${history.events?.length ?? 0} events`);
}

/** Leaves out what tells of the machine that recorded. */
function withoutMachine(key: string, value: unknown): unknown {
  if (key === 'identity' || key === 'stackTrace') return '';
  return value;
}

/** Makes a sync over a fresh table of events. */
async function declare(name: string, rows: number, options: object = {}): Promise<void> {
  const table = name.replaceAll('-', '_');
  await createEvents(installation.source, table, rows);
  await installation.declare({
    name,
    table,
    data_type: 'events',
    options: { page_size: 200, segment_rows: 400, ...options },
  });
}

/** @returns the Temporal run id */
async function start(
  name: string,
  workflow = 'syncRun',
  input: object = { sync: name, trigger: 'manual' },
): Promise<string> {
  const handle = await client.workflow.start(workflow, {
    workflowId: runWorkflowId(name),
    taskQueue: control,
    args: [input],
  });
  return handle.firstExecutionRunId;
}

async function startHeld(name: string): Promise<void> {
  const run = await start(name);
  while ((await installation.session.ledger.runs.get(run))?.status !== 'held') await sleep(20);
}

async function ended(name: string): Promise<void> {
  await client.workflow
    .getHandle(runWorkflowId(name))
    .result()
    .catch(() => undefined);
}

await declare('empty', 0);
await start('empty');
await ended('empty');
await record('empty', runWorkflowId('empty'));

await declare('small', 30);
await start('small');
await ended('small');
await record('small', runWorkflowId('small'));

await declare('large', 1_500);
await start('large');
await ended('large');
await record('large', runWorkflowId('large'));

await declare('partial', 30);
await installation.source.query(`insert into cdi.partial select now(), 'x', '{}' from generate_series(1, 3)`);
await start('partial');
await ended('partial');
await record('partial', runWorkflowId('partial'));

await declare('failed', 30);
await installation.source.query('drop table cdi.failed');
await start('failed');
await ended('failed');
await record('failed', runWorkflowId('failed'));

await declare('refused', 600);
await installation.braze.client.setKeys([{ key: 'sim-key', revoked: true }]);
await start('refused');
await ended('refused');
await record('refused', runWorkflowId('refused'));
await installation.braze.client.setKeys([{ key: 'sim-key' }]);

await declare('cancelled', 3_000, { max_concurrency: 2 });
await start('cancelled');
while ((await installation.braze.client.state()).events < 3_000) await sleep(20);
await client.workflow.getHandle(runWorkflowId('cancelled')).cancel();
await ended('cancelled');
await record('cancelled', runWorkflowId('cancelled'));

await declare('continued', 600, { page_size: 20, segment_rows: 20 });
const first = await start('continued');
await ended('continued');
await record('continued-first', runWorkflowId('continued'), first);
await record('continued-last', runWorkflowId('continued'));

await declare('superseded', 1_000);
const run = await start('superseded');
await ended('superseded');
const { events } = await client.workflow.getHandle(runWorkflowId('superseded'), run).fetchHistory();
const point = (events ?? []).filter((event) => event.workflowTaskCompletedEventAttributes != null)[2]
  ?.eventId;
const reset = await client.workflowService.resetWorkflowExecution({
  namespace: 'default',
  workflowExecution: { workflowId: runWorkflowId('superseded'), runId: run },
  workflowTaskFinishEventId: point ?? null,
  requestId: `reset-${run}`,
  reason: 'recording',
});
await ended('superseded');
await record('superseded', runWorkflowId('superseded'), reset.runId);

for (const [shape, signal] of [
  ['held-approved', 'approve'],
  ['held-rejected', 'reject'],
] as const) {
  await declare(shape, 30, { max_rows_per_run: 20 });
  await startHeld(shape);
  await client.workflow.getHandle(runWorkflowId(shape)).signal(signal, 'somebody');
  await ended(shape);
  await record(shape, runWorkflowId(shape));
}

await declare('held-cancelled', 30, { max_rows_per_run: 20 });
await startHeld('held-cancelled');
await client.workflow.getHandle(runWorkflowId('held-cancelled')).cancel();
await ended('held-cancelled');
await record('held-cancelled', runWorkflowId('held-cancelled'));

const request = { ofRun: null, asRejected: true, deletes: false, by: 'somebody' };
await start('partial', 'retryRun', { sync: 'partial', request });
await ended('partial');
await record('retry', runWorkflowId('partial'));

await declare('retry-continued', 1, { page_size: 1, segment_rows: 1 });
await installation.source.query(
  `insert into cdi.retry_continued select now(), 'x', '{}' from generate_series(1, 15)`,
);
await start('retry-continued');
await ended('retry-continued');
const firstRetry = await start('retry-continued', 'retryRun', { sync: 'retry-continued', request });
await ended('retry-continued');
await record('retry-continued-first', runWorkflowId('retry-continued'), firstRetry);
await record('retry-continued-last', runWorkflowId('retry-continued'));

await installation.source.query('drop table cdi.retry_continued');
await start('retry-continued', 'retryRun', { sync: 'retry-continued', request });
await ended('retry-continued');
await record('retry-failed', runWorkflowId('retry-continued'));

await client.workflow.execute('countRewind', {
  workflowId: 'count-rewind',
  taskQueue: control,
  args: ['small', 'beginning'],
});
await record('count-rewind', 'count-rewind');

await declare('ticked', 30);
const tick = await client.workflow.start('scheduledSync', {
  workflowId: 'tick/ticked',
  taskQueue: control,
  args: ['ticked'],
});
await tick.result();
await record('scheduled', 'tick/ticked');

await addEvents(installation.source, 'ticked', 30, 2_000);
await start('ticked');
const skipped = await client.workflow.start('scheduledSync', {
  workflowId: 'tick/skipped',
  taskQueue: control,
  args: ['ticked'],
});
await skipped.result();
await ended('ticked');
await record('skipped', 'tick/skipped');

await client.workflow.execute('maintenance', { workflowId: 'maintenance', taskQueue: control, args: [] });
await record('maintenance', 'maintenance');
await client.workflow.execute('testSync', {
  workflowId: 'test',
  taskQueue: control,
  args: ['small', 'preview'],
});
await record('test-sync', 'test');
await client.workflow.execute('testCredential', {
  workflowId: 'test-credential',
  taskQueue: control,
  args: ['source'],
});
await record('test-credential', 'test-credential');
await client.workflow.execute('checkSetup', {
  workflowId: 'check-setup',
  taskQueue: control,
  args: [{ credential: 'source', source: { schema: 'cdi', table: 'small' }, dataType: 'events' }],
});
await record('check-setup', 'check-setup');
await client.workflow.execute('verifySync', {
  workflowId: 'verify',
  taskQueue: control,
  args: [{ sync: 'small', from: null, to: null }],
});
await record('verify', 'verify');
await client.workflow.execute('inspectWorker', { workflowId: 'inspect', taskQueue: control, args: [] });
await record('inspect-worker', 'inspect');

const missing = REPLAY_SHAPES.filter((shape) => !recorded.has(shape));
if (missing.length > 0) throw new Error(`Not recorded: ${missing.join(', ')}`);
