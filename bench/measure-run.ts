/** Runs syncs as an operator would, and measures what that cost. */
import type { Client } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import { runWorkflowId } from '../model/names.ts';
import type { RunRecord } from '../store/runs.ts';
import type { syncRun } from '../workflows/index.ts';
import type { Performance } from './contestant.ts';
import { resetPeak, usage } from './process-usage.ts';
import type { BenchSystem } from './system.ts';

/** CPU of each process beside the database and the sink, in seconds. `client` is who starts the run and waits. */
export interface CpuSeconds {
  readonly worker: number;
  readonly temporal: number;
  readonly client: number;
}

/** Speed, CPU and memory are those of everything but database and sink. */
export interface RunMeasurement extends Performance {
  readonly rows: number;
  /** From the request to start until the workflow has ended. */
  readonly seconds: number;
  readonly cpu: CpuSeconds;
  /** The share of the Temporal server in that CPU, 0 to 1. */
  readonly temporalShare: number;
  /** Highest resident memory during the run. */
  readonly workerRssMb: number;
  readonly temporalRssMb: number;
  readonly historyEvents: number;
}

/**
 * Runs a sync from the beginning of its table to the end.
 *
 * @param rows how many rows its table has
 * @throws Error where the run did not succeed, or what it counts or the sink received is not the table
 */
export async function measureRun(
  system: BenchSystem,
  sync: Parameters<BenchSystem['declare']>[0],
  rows: number,
): Promise<RunMeasurement> {
  await system.declare(sync);
  return measureRuns(system, [sync.name], rows);
}

/**
 * Runs declared syncs at once.
 *
 * @param rows how many rows their tables have in all
 * @throws Error as `measureRun`
 */
export async function measureRuns(
  system: BenchSystem,
  names: readonly string[],
  rows: number,
): Promise<RunMeasurement> {
  const { pids } = system;
  const client = await system.session.temporal();
  await resetPeak(pids.worker);
  await resetPeak(pids.temporal);
  const received = await objectsReceived(system);
  const [worker, temporal, own] = [await usage(pids.worker), await usage(pids.temporal), process.cpuUsage()];
  const began = performance.now();
  const runs = await Promise.all(names.map((name) => runToEnd(system, name)));
  const seconds = (performance.now() - began) / 1_000;
  const ownAfter = process.cpuUsage(own);
  const [workerAfter, temporalAfter] = [await usage(pids.worker), await usage(pids.temporal)];

  const sent = runs.reduce((sum, run) => sum + run.counts.sent, 0);
  if (sent !== rows) throw new Error(`${sent} of ${rows} rows were sent.`);
  expectDelivered((await objectsReceived(system)) - received, rows);
  let historyEvents = 0;
  for (const run of runs) historyEvents += await eventsOf(client, run);
  const cpu: CpuSeconds = {
    worker: workerAfter.cpuSeconds - worker.cpuSeconds,
    temporal: temporalAfter.cpuSeconds - temporal.cpuSeconds,
    client: (ownAfter.user + ownAfter.system) / 1e6,
  };
  const allCpu = cpu.worker + cpu.temporal + cpu.client;
  return {
    rows,
    seconds,
    rowsPerSecond: Math.round(rows / seconds),
    cpu,
    cpuSecondsPerMillion: (allCpu / rows) * 1e6,
    temporalShare: cpu.temporal / allCpu,
    peakRssMb: workerAfter.peakRssMb + temporalAfter.peakRssMb,
    workerRssMb: workerAfter.peakRssMb,
    temporalRssMb: temporalAfter.peakRssMb,
    historyEvents,
  };
}

/** Rows of one user may have merged; for the twentieth part of them that is so at most. */
function expectDelivered(objects: number, rows: number): void {
  if (objects > rows || objects < Math.floor(rows * 0.95) - 1)
    throw new Error(`The sink received ${objects} objects for ${rows} rows.`);
}

/** How many objects the sink has received since its start. */
export async function objectsReceived({ sink }: Pick<BenchSystem, 'sink'>): Promise<number> {
  const { received } = await sink.client.state();
  return Object.values(received).reduce((sum, count) => sum + count, 0);
}

/** @throws Error where the run did not end as success */
export async function runToEnd({ session, stop }: BenchSystem, sync: string): Promise<RunRecord> {
  const client = await session.temporal();
  const handle = await client.workflow.start<typeof syncRun>('syncRun', {
    workflowId: runWorkflowId(sync),
    workflowIdConflictPolicy: 'FAIL',
    taskQueue: session.queues.control,
    args: [{ sync, trigger: 'manual' }],
  });
  // How it ended is in the ledger.
  await client.withAbortSignal(stop, () => handle.result()).catch(() => undefined);
  stop.throwIfAborted();
  const record = await session.ledger.runs.get(handle.firstExecutionRunId);
  if (record?.status !== 'success') {
    throw new Error(
      `The run of ${sync} ended as ${record?.status ?? 'nothing'}: ${record?.error?.message ?? ''}`,
    );
  }
  return record;
}

/** Events in the history of a run, over all its continuations. */
async function eventsOf(client: Client, { id, sync }: RunRecord): Promise<number> {
  let events = 0;
  let runId: string | null | undefined = id;
  while (runId != null) {
    const handle = client.workflow.getHandle(runWorkflowId(sync), runId);
    const history: temporal.api.history.v1.IHistory = await handle.fetchHistory();
    events += history.events?.length ?? 0;
    runId = history.events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
  }
  return events;
}
