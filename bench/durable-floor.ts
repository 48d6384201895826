/**
 * What durable execution costs by itself: runs of the steps of a small sync, of which none does anything, on the server and
 * the SDK that the product uses. There is no ledger, no warehouse, no Braze and no code of ours in it. The last line is JSON.
 *
 *   node bench/durable-floor.ts [--runs 100] [--repeats 3]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { LOCALHOST, claimPort } from '../client/embedded/claim-port.ts';
import { cacheFolder, temporalCli } from '../client/embedded/temporal-cli.ts';
import { startTemporalServer } from '../client/embedded/temporal-server.ts';
import type { EmptySteps, emptySteps } from './empty-steps-workflow.ts';
import { medianBy } from './median.ts';
import { usage } from './process-usage.ts';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '100' }, repeats: { type: 'string', default: '3' } },
});
const runs = Number(values.runs);
const repeats = Number(values.repeats);
const NAMESPACE = 'default';
const TASK_QUEUE = 'bench';

const say = (line: string): void => void process.stderr.write(`${line}\n`);

await using cleanup = new AsyncDisposableStack();
const folder = await mkdtemp(join(tmpdir(), 'cdi-bench-floor-'));
cleanup.defer(() => rm(folder, { recursive: true, force: true }));
const server = await startTemporalServer({
  cli: await temporalCli({
    path: process.env['TEMPORAL_CLI_PATH'],
    cacheFolder: cacheFolder(process.env),
    say,
  }),
  dbFile: join(folder, 'temporal.db'),
  ip: LOCALHOST,
  port: await claimPort(0, 'try again'),
  uiPort: await claimPort(0, 'try again'),
  namespace: NAMESPACE,
  log: join(folder, 'temporal.log'),
  say,
});
cleanup.defer(() => server.stop());
Runtime.install({ telemetryOptions: { logging: { filter: { core: 'WARN', other: 'WARN' }, forward: {} } } });
const connection = await NativeConnection.connect({ address: server.address });
cleanup.defer(() => connection.close());
const clientConnection = await Connection.connect({ address: server.address });
cleanup.defer(() => clientConnection.close());
const activities: EmptySteps = { step: async () => undefined };
const worker = await Worker.create({
  connection,
  namespace: NAMESPACE,
  taskQueue: TASK_QUEUE,
  workflowsPath: fileURLToPath(new URL('empty-steps-workflow.ts', import.meta.url)),
  activities,
});
const client = new Client({ connection: clientConnection, namespace: NAMESPACE });

interface Floor {
  readonly seconds: number;
  /** CPU of one run, in milliseconds; the worker's holds that of the client, which only starts and waits. */
  readonly workerMs: number;
  readonly temporalMs: number;
  readonly historyEvents: number;
}

async function measure(round: number): Promise<Floor> {
  const [own, before] = [process.cpuUsage(), await usage(server.pid)];
  const began = performance.now();
  const handles = await Promise.all(
    Array.from({ length: runs }, (_unused, index) =>
      client.workflow.start<typeof emptySteps>('emptySteps', {
        taskQueue: TASK_QUEUE,
        workflowId: `floor-${round}-${index}`,
      }),
    ),
  );
  await Promise.all(handles.map((handle) => handle.result()));
  const seconds = (performance.now() - began) / 1_000;
  const { user, system } = process.cpuUsage(own);
  const after = await usage(server.pid);
  const description = await handles[0]?.describe();
  return {
    seconds,
    workerMs: (user + system) / 1_000 / runs,
    temporalMs: ((after.cpuSeconds - before.cpuSeconds) * 1_000) / runs,
    historyEvents: description?.historyLength ?? 0,
  };
}

const floors = await worker.runUntil(async () => {
  await measure(0);
  const measured: Floor[] = [];
  for (let round = 1; round <= repeats; round += 1) {
    const floor = await measure(round);
    say(`${runs} runs at once: ${floor.seconds.toFixed(2)} s`);
    measured.push(floor);
  }
  return measured;
});
process.stdout.write(`${JSON.stringify({ runs, ...medianBy(floors, ({ seconds }) => seconds) })}\n`);
