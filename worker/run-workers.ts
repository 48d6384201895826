/** Hosts the workers of one process: one per task queue, sharing a connection. */
import { Client, Connection } from '@temporalio/client';
import { type ClientConnectConfig, loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import type { Logger } from 'pino';
import {
  createBrazeActivities,
  createControlActivities,
  createWarehouseActivities,
} from '../activities/index.ts';
import type { ActivityDependencies } from '../activities/dependencies.ts';
import { RateBudgets } from '../activities/braze/rate-budget.ts';
import { createMailChannel } from '../activities/notify/mail-channel.ts';
import { createFileStaging } from '../activities/staging/file-staging.ts';
import { taskQueues } from '../model/names.ts';
import type { Keyring } from '../store/keyring.ts';
import { openLedger } from '../store/ledger.ts';
import { temporalLogger } from './temporal-logger.ts';
import { temporalSide } from './temporal-side.ts';
import { workflowBundle } from './workflow-bundle.ts';

export interface WorkerSettings {
  readonly ledgerUrl: string;
  readonly keyring: Keyring;
  /** Folder of the staged pages. */
  readonly stagingFolder: string;
  readonly smtpUrl: string | undefined;
  readonly mailFrom: string;
  readonly queuePrefix: string;
  readonly temporalUi: string | undefined;
  readonly egress: readonly string[];
  readonly leaseTtlMs: number;
  readonly heartbeatTimeoutMs: number;
}

/** Cancellation reaches an activity with a heartbeat, so heartbeats may not be held back for long. */
const HEARTBEAT_THROTTLE = '2 seconds';
/** Long enough for the requests in flight to be answered and recorded. */
const SHUTDOWN_GRACE = '10 seconds';
const SHUTDOWN_FORCE = '25 seconds';
/** Few: a poller of a worker that froze swallows one task, which is missed only after its timeout. */
const POLLERS = 2;

/**
 * Runs until the process is told to stop (SIGINT, SIGTERM).
 *
 * @param onReady called once every worker polls
 * @throws what ended a worker against its will
 */
export async function runWorkers(settings: WorkerSettings, log: Logger, onReady: () => void): Promise<void> {
  Runtime.install({
    logger: temporalLogger(log),
    telemetryOptions: { logging: { filter: { core: 'WARN', other: 'WARN' }, forward: {} } },
  });
  const bundle = await workflowBundle({ CDI_HEARTBEAT_TIMEOUT_MS: settings.heartbeatTimeoutMs });
  const config: ClientConnectConfig = loadClientConnectConfig();
  const namespace = config.namespace ?? 'default';
  const connection = await NativeConnection.connect(config.connectionOptions);
  const clientConnection = await Connection.connect(config.connectionOptions);
  const ledger = openLedger({ url: settings.ledgerUrl, keyring: settings.keyring, connections: 16 });
  const mail =
    settings.smtpUrl === undefined
      ? undefined
      : createMailChannel({ smtpUrl: settings.smtpUrl, from: settings.mailFrom });
  try {
    await ledger.migrate();
    const dependencies: ActivityDependencies = {
      ledger,
      staging: createFileStaging(settings.stagingFolder, settings.keyring),
      budgets: new RateBudgets(),
      mail,
      temporal: temporalSide(new Client({ connection: clientConnection, namespace })),
      log,
      settings: {
        leaseTtlMs: settings.leaseTtlMs,
        temporalUi: settings.temporalUi,
        egress: settings.egress,
        namespace,
      },
    };
    const queues = taskQueues(settings.queuePrefix);
    const common = {
      connection,
      namespace,
      maxHeartbeatThrottleInterval: HEARTBEAT_THROTTLE,
      defaultHeartbeatThrottleInterval: HEARTBEAT_THROTTLE,
      shutdownGraceTime: SHUTDOWN_GRACE,
      shutdownForceTime: SHUTDOWN_FORCE,
      maxConcurrentActivityTaskPolls: POLLERS,
    } satisfies Partial<WorkerOptions>;
    const workers = await Promise.all([
      Worker.create({
        ...common,
        taskQueue: queues.control,
        maxConcurrentWorkflowTaskPolls: POLLERS,
        workflowBundle: bundle,
        activities: createControlActivities(dependencies),
      }),
      Worker.create({
        ...common,
        taskQueue: queues.warehouse,
        activities: createWarehouseActivities(dependencies),
        maxConcurrentActivityTaskExecutions: 16,
      }),
      Worker.create({
        ...common,
        taskQueue: queues.braze,
        activities: createBrazeActivities(dependencies),
        maxConcurrentActivityTaskExecutions: 32,
      }),
    ]);
    const running = Promise.all(workers.map((worker) => worker.run()));
    onReady();
    await running;
  } finally {
    mail?.close();
    await ledger.close();
    await clientConnection.close();
    await connection.close();
  }
}
