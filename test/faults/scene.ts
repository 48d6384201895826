/** What a fault is played on: an installation, a table and a sync of its own, all drawn from one seed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { DATA_TYPES, type DataType } from '../../model/data-type.ts';
import { runWorkflowId } from '../../model/names.ts';
import type { RunRecord } from '../../store/runs.ts';
import {
  type Installation,
  type InstallationOptions,
  type WorkerProcess,
  install,
} from '../support/installation.ts';
import { startRun } from '../support/run-to-end.ts';
import { FAULT_SIZE } from './fault-size.ts';
import { CATALOG_FIELDS, type TableShape, createFaultTable } from './fault-table.ts';
import { type Case, type MayDouble, type Verdict, judge } from './judge.ts';
import { SeededRandom } from './seeded-random.ts';

const CATALOG = 'items';
/** Rows are merged, so that fewer objects arrive; up to here every table sends enough. */
const SURE_SHARE = 0.7;
const POLL_MS = 5;
/** Left of the test's time to say what was waited for in vain. */
const TELL_MS = 20_000;
const LATENCY_MS = 60;
const CONCURRENCY = 8;

export interface SceneOptions extends InstallationOptions {
  /** Default: drawn, so that the seeds of one fault have different ones. */
  readonly dataType?: DataType;
  /** Default: those of the suite's size. */
  readonly shape?: Partial<Omit<TableShape, 'dataType'>>;
  /** Default: drawn. */
  readonly syncOptions?: Readonly<Record<string, unknown>>;
  /** Of the simulator's answers. */
  readonly latencyMs?: number;
}

export interface Scene extends AsyncDisposable {
  readonly random: SeededRandom;
  readonly installation: Installation;
  readonly dataType: DataType;
  readonly sync: string;
  readonly table: string;
  readonly rows: number;
  startWorker(prefix?: readonly string[]): Promise<WorkerProcess>;
  /** Starts a run. @returns its id */
  start(): Promise<string>;
  /** Draws how many objects have arrived when something is to happen. @param from share of what will arrive */
  drawArrivals(from?: number, to?: number): number;
  /** Waits until so many objects came to Braze. */
  untilArrived(objects: number): Promise<void>;
  /** Waits until no run of the sync is open. @returns the newest one */
  untilEnded(): Promise<RunRecord>;
  /** Waits for the end of the run, which must be a success. */
  untilSuccess(): Promise<RunRecord>;
  judge(mayDouble: MayDouble, more?: Partial<Case>): Promise<Verdict>;
  /** What the workers logged, for a failure's message. */
  logs(): string;
}

/** @param fault name of the fault; with the seed it makes the names of the scene unique */
export async function openScene(fault: string, seed: number, options: SceneOptions = {}): Promise<Scene> {
  const random = new SeededRandom(seed, fault);
  const dataType = options.dataType ?? dataTypeOf(fault, seed);
  const rows = options.shape?.rows ?? FAULT_SIZE.rows;
  const ties = options.shape?.ties ?? {
    rows: FAULT_SIZE.ties,
    first: random.integer(Math.floor(rows * 0.2), Math.floor(rows * 0.6)),
  };
  const name = `${fault.replaceAll(/[^a-z0-9]+/g, '_')}_${seed}`;
  const sync = name.replaceAll('_', '-');
  const table = 'rows';
  const { heartbeatTimeout, leaseTtl } = FAULT_SIZE;
  await using cleanup = new AsyncDisposableStack();
  const installation = cleanup.use(
    await install(`fault_${name}`, { heartbeatTimeout, leaseTtl, latencyMs: LATENCY_MS, ...options }),
  );
  const { session, braze, source } = installation;
  await createFaultTable(source, table, { ...options.shape, dataType, rows, ties });
  if (dataType === 'catalog') await braze.client.putCatalog({ name: CATALOG, fields: CATALOG_FIELDS });
  const pageRows = random.integer(Math.floor(rows / 40), Math.floor(rows / 8));
  await installation.declare({
    name: sync,
    table,
    data_type: dataType,
    ...(dataType === 'catalog' ? { catalog: CATALOG } : {}),
    options: {
      page_size: pageRows,
      segment_rows: pageRows * random.integer(1, 4),
      unconfirmed_window: random.integer(4, 40),
      max_concurrency: CONCURRENCY,
      rate_share: 1,
      max_deletes_per_run: rows + 1,
      ...options.syncOptions,
    },
  });
  const workers: WorkerProcess[] = [];
  const disposal = cleanup.move();

  const deadline = performance.now() + FAULT_SIZE.testTimeoutMs - TELL_MS;
  const pause = async (ms: number, what: string): Promise<void> => {
    if (performance.now() > deadline)
      throw new Error(`${what} was waited for in vain. ${await openSteps(installation, sync)}`);
    await sleep(ms);
  };
  const arrived = async (): Promise<number> => {
    const { received } = await braze.client.state();
    return Object.values(received).reduce((sum, count) => sum + count, 0);
  };
  const untilEnded = async (): Promise<RunRecord> => {
    for (;;) {
      if ((await isOpen(installation, sync)) === false) break;
      await pause(POLL_MS * 10, 'The end of the run');
    }
    const [newest] = await session.ledger.runs.ofSync(sync, 1);
    if (!newest) throw new Error(`No run of ${sync} is in the ledger.`);
    return newest;
  };

  return {
    random,
    installation,
    dataType,
    sync,
    table,
    rows,
    startWorker: async (prefix) => {
      const worker = await installation.startWorker(prefix);
      workers.push(worker);
      return worker;
    },
    start: () => startRun(session, sync),
    drawArrivals: (from = 0, to = 1) =>
      random.integer(Math.floor(from * SURE_SHARE * rows), Math.floor(to * SURE_SHARE * rows)),
    untilArrived: async (objects) => {
      while ((await arrived()) < objects) await pause(POLL_MS, `Object ${objects}`);
    },
    untilEnded,
    untilSuccess: async () => {
      const run = await untilEnded();
      expect(run, 'the run').toMatchObject({ status: 'success', error: null });
      return run;
    },
    judge: (mayDouble, more) =>
      judge({
        installation,
        sync,
        table,
        dataType,
        catalog: CATALOG,
        mayDouble,
        tableIsStill: true,
        ...more,
      }),
    logs: () => workers.map((worker) => worker.log()).join('\n'),
    [Symbol.asyncDispose]: () => disposal.disposeAsync(),
  };
}

/** The seeds of a fault go round the data types, beginning at another one for each fault. */
function dataTypeOf(fault: string, seed: number): DataType {
  const start = new SeededRandom(0, fault).integer(0, DATA_TYPES.length - 1);
  return DATA_TYPES[(start + seed) % DATA_TYPES.length] ?? 'events';
}

/** Undefined where Temporal does not tell just now: it may be what is away. */
async function isOpen({ session }: Installation, sync: string): Promise<boolean | undefined> {
  try {
    const client = await session.temporal();
    return (await client.workflow.getHandle(runWorkflowId(sync)).describe()).status.name === 'RUNNING';
  } catch {
    return undefined;
  }
}

/** What Temporal waits for, for the message of a failure. */
async function openSteps({ session }: Installation, sync: string): Promise<string> {
  const client = await session.temporal();
  const { raw } = await client.workflow.getHandle(runWorkflowId(sync)).describe();
  const steps = (raw.pendingActivities ?? []).map(
    ({ activityType, attempt, state, lastFailure }) =>
      `${activityType?.name} (state ${state}, attempt ${attempt}, ${lastFailure?.message ?? 'no failure'})`,
  );
  const task = raw.pendingWorkflowTask ? 'a workflow task' : 'no workflow task';
  return `Open: ${[task, ...steps].join('; ')}.`;
}
