/** Several workers of one installation, as if each were on a machine of its own. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WorkspaceDefinition } from '../../../model/definitions.ts';
import { runWorkflowId, taskQueues } from '../../../model/names.ts';
import { NO_CHANGES } from '../../../store/definitions.ts';
import { createEvents, expectEvents } from '../../support/event-table.ts';
import { type Installation, install } from '../../support/installation.ts';
import { resultOfRun, startRun } from '../../support/run-to-end.ts';
import { type Seaweedfs, startSeaweedfs } from '../../support/seaweedfs/start-seaweedfs.ts';

const ROWS = 3_000;
const WINDOW = 12;

let seaweedfs: Seaweedfs;
let installation: Installation;
let machines: string;

beforeAll(async () => {
  machines = await mkdtemp(join(tmpdir(), 'cdi-machines-'));
  seaweedfs = await startSeaweedfs();
  await seaweedfs.createBucket('pages');
  installation = await install('machines', {
    latencyMs: 20,
    leaseTtl: '3s',
    heartbeatTimeout: '3s',
    environment: seaweedfs.settings('s3://pages/cdi'),
  });
});

afterAll(async () => {
  await installation[Symbol.asyncDispose]();
  await seaweedfs[Symbol.asyncDispose]();
  await rm(machines, { recursive: true, force: true });
});

/** Runs a command in a folder of its own, as the only place of a machine that a worker might share by accident. */
async function ownMachine(): Promise<string[]> {
  return ['env', '-C', await mkdtemp(join(machines, 'machine-'))];
}

async function declareEvents(name: string, rows: number, options: object = {}): Promise<void> {
  const table = name.replaceAll('-', '_');
  await createEvents(installation.source, table, rows);
  await installation.declare({
    name,
    table,
    data_type: 'events',
    options: {
      page_size: 1_000,
      segment_rows: 1_000,
      unconfirmed_window: WINDOW,
      max_concurrency: 8,
      ...options,
    },
  });
}

/** @param prefix begins the names of the queues whose workers take the run */
const start = (name: string, prefix = installation.environment['CDI_QUEUE_PREFIX'] ?? ''): Promise<string> =>
  startRun(installation.session, name, taskQueues(prefix).control);

const result = (name: string): Promise<unknown> => resultOfRun(installation.session, name);

async function untilArrived(events: number): Promise<void> {
  while ((await installation.braze.client.state()).events < events) await sleep(10);
}

/** What an operator does to send new runs to a version. */
async function untilCurrent(deploymentName: string, buildId: string): Promise<void> {
  const { workflowService } = await installation.session.temporal();
  const makeCurrent = async (): Promise<boolean> =>
    workflowService
      .setWorkerDeploymentCurrentVersion({ namespace: 'default', deploymentName, buildId, identity: 'test' })
      .then(
        () => true,
        () => false,
      );
  // The server hears of a version from the polls of its workers, one queue after the other.
  await expect.poll(makeCurrent, { timeout: 60_000 }).toBe(true);
}

async function lastExecution(sync: string): Promise<{ runId: string; version: string | null | undefined }> {
  const client = await installation.session.temporal();
  const { runId, raw } = await client.workflow.getHandle(runWorkflowId(sync)).describe();
  return { runId, version: raw.workflowExecutionInfo?.versioningInfo?.deploymentVersion?.buildId };
}

async function inLedger(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: installation.environment['CDI_LEDGER_URL'] });
  await client.connect();
  await client.query(sql).finally(() => client.end());
}

/** The health check that a container runs. */
async function isHealthy(): Promise<boolean> {
  const check = fileURLToPath(new URL('../../../worker/health.ts', import.meta.url));
  const env = { ...process.env, ...installation.environment };
  return promisify(execFile)(process.execPath, [check], { env }).then(
    () => true,
    () => false,
  );
}

const folderUrl = async (): Promise<string> => pathToFileURL(await mkdtemp(join(machines, 'staging-'))).href;

test('a run whose worker is killed goes on at the worker of another machine', async () => {
  await declareEvents('continued', ROWS);
  const first = await installation.startWorker(await ownMachine());
  await start('continued');
  await untilArrived(ROWS / 3);
  const second = await installation.startWorker(await ownMachine());
  first.kill('SIGKILL');
  await first.ended();
  expect(await result('continued')).toMatchObject({
    status: 'success',
    counts: { read: ROWS, sent: ROWS, rejected: 0 },
  });
  const { doubled } = await expectEvents(installation.braze.client, installation.session, 'continued', ROWS);
  expect(doubled).toBeLessThanOrEqual(WINDOW * 75);
  expect(second.log()).not.toContain('staging_lost');
  await second.stop();
});

test('a worker that stages elsewhere than the one that runs is refused, and says what to do', async () => {
  const [here, there] = [await folderUrl(), await folderUrl()];
  const first = await installation.startWorker([], { CDI_STAGING_URL: here });
  const refusal = await installation.startWorker([], { CDI_STAGING_URL: there }).then(
    () => '',
    (error: unknown) => String(error),
  );
  expect(refusal).toMatch(/The worker on .* \(process \d+\) runs, and stages elsewhere or under another key/);
  expect(refusal).toContain('Give all workers the same CDI_STAGING_URL and the same key');
  // What it left behind does not keep anybody out.
  const second = await installation.startWorker([], { CDI_STAGING_URL: here });
  expect(await isHealthy()).toBe(true);
  await second.stop();
  first.kill('SIGKILL');
  await first.ended();
  // It died without a word, some time ago.
  await inLedger(`update workers set seen_at = seen_at - interval '25 seconds'`);
  const third = await installation.startWorker([], { CDI_STAGING_URL: there });
  await third.stop();
  expect(await isHealthy()).toBe(false);
});

test('a run ends on the version that it began on, and new runs begin on the current one', async () => {
  const prefix = `${installation.environment['CDI_QUEUE_PREFIX']}-versions`;
  const startVersion = async (version: string): Promise<void> => {
    await installation.startWorker(await ownMachine(), { CDI_QUEUE_PREFIX: prefix, CDI_BUILD_ID: version });
    await untilCurrent(prefix, version);
  };
  // So many steps that the run goes on in a new execution on its way.
  await declareEvents('pinned', ROWS, { page_size: 100, segment_rows: 100 });
  await declareEvents('fresh', 100);
  await installation.braze.client.reset();
  await installation.braze.client.setLatency({ ms: 20 });
  await startVersion('1');
  const first = await start('pinned', prefix);
  await untilArrived(ROWS / 5);
  await startVersion('2');
  await start('fresh', prefix);
  expect(await result('fresh')).toMatchObject({ status: 'success' });
  expect(await result('pinned')).toMatchObject({ status: 'success', counts: { sent: ROWS } });
  expect(await lastExecution('pinned')).toMatchObject({ version: '1' });
  expect((await lastExecution('pinned')).runId).not.toBe(first);
  expect(await lastExecution('fresh')).toMatchObject({ version: '2' });
});

test('two workers share the rate limit of a workspace', async () => {
  const [limit, windowMs] = [90, 3_000];
  const { definition, apiKey } = await installation.session.ledger.definitions.workspace('main');
  const slow: WorkspaceDefinition = { ...definition, track_requests_per_3s: limit };
  await installation.session.ledger.definitions.change({
    ...NO_CHANGES,
    workspaces: [{ definition: slow, secrets: { api_key: apiKey } }],
  });
  await installation.braze.client.reset();
  const prefixes = ['one', 'other'].map((name) => `${installation.environment['CDI_QUEUE_PREFIX']}-${name}`);
  const rows = 150 * 75;
  for (const prefix of prefixes) {
    await installation.startWorker(await ownMachine(), { CDI_QUEUE_PREFIX: prefix });
    const sync = prefix.endsWith('one') ? 'rate-one' : 'rate-other';
    await declareEvents(sync, rows, {
      page_size: rows,
      segment_rows: rows,
      rate_share: 1,
      unconfirmed_window: 200,
    });
  }
  await Promise.all([start('rate-one', prefixes[0]), start('rate-other', prefixes[1])]);
  expect(await result('rate-one')).toMatchObject({ status: 'success' });
  expect(await result('rate-other')).toMatchObject({ status: 'success' });

  const arrivals = (await installation.braze.client.record()).map(({ arrivedAt }) => arrivedAt);
  expect(arrivals.length).toBeGreaterThanOrEqual(300);
  let fullest = 0;
  for (const [last, at] of arrivals.entries()) {
    const first = arrivals.findIndex((earlier) => earlier > at - windowMs);
    fullest = Math.max(fullest, last - first + 1);
  }
  // Without sharing it would be twice the limit; the way to Braze may shift a request into another window.
  expect(fullest).toBeLessThanOrEqual(limit * 1.15);
});
