/** Hosts the workers of one process: one per task queue, sharing a connection. */
import { Client, Connection } from '@temporalio/client';
import { type ClientConnectConfig, loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import { Registry } from 'prom-client';
import type { Logger } from 'pino';
import {
  createBrazeActivities,
  createControlActivities,
  createWarehouseActivities,
} from '../activities/index.ts';
import type { ActivityDependencies } from '../activities/dependencies.ts';
import { RateBudgets } from '../activities/braze/rate-budget.ts';
import { openStaging } from '../activities/staging/open-staging.ts';
import { addLedgerMetrics } from '../metrics/ledger-metrics.ts';
import { PipelineMetrics } from '../metrics/pipeline-metrics.ts';
import { processRegistry } from '../metrics/registry.ts';
import { deploymentName, taskQueues } from '../model/names.ts';
import type { StagingPlace } from '../model/staging-place.ts';
import { openChannels } from '../notify/dependencies.ts';
import { addressGuard } from '../outbound/address-guard.ts';
import type { Keyring } from '../store/keyring.ts';
import { openLedger } from '../store/ledger.ts';
import { freeLocalAddress, serveMetrics } from './serve-metrics.ts';
import { shareStaging } from './shared-staging.ts';
import { temporalLogger } from './temporal-logger.ts';
import { temporalSide } from './temporal-side.ts';
import { TRACED_WORKFLOWS, openTraces } from './traces.ts';
import { workflowBundle } from './workflow-bundle.ts';

export interface WorkerSettings {
  readonly ledgerUrl: string;
  readonly keyring: Keyring;
  readonly staging: StagingPlace;
  readonly smtpUrl: string | undefined;
  readonly mailFrom: string;
  readonly queuePrefix: string;
  readonly temporalUi: string | undefined;
  readonly egress: readonly string[];
  readonly allowedAddresses: readonly string[];
  readonly metricsAddress: string | undefined;
  readonly otlpUrl: string | undefined;
  readonly leaseTtlMs: number;
  readonly heartbeatTimeoutMs: number;
  /** Version of the workflows for Temporal's worker versioning; undefined: none. */
  readonly buildId: string | undefined;
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
  const sdkAddress = settings.metricsAddress === undefined ? undefined : await freeLocalAddress();
  Runtime.install({
    logger: temporalLogger(log),
    telemetryOptions: {
      logging: { filter: { core: 'WARN', other: 'WARN' }, forward: {} },
      ...(sdkAddress === undefined
        ? {}
        : {
            metrics: {
              prometheus: {
                bindAddress: sdkAddress,
                countersTotalSuffix: true,
                unitSuffix: true,
                useSecondsForDurations: true,
              },
            },
          }),
    },
  });
  // What the process tells of itself is measured all the time: only where somebody may ask.
  const registry = settings.metricsAddress === undefined ? new Registry() : processRegistry();
  const traces = settings.otlpUrl === undefined ? undefined : await openTraces(settings.otlpUrl);
  const bundle = await workflowBundle({
    heartbeatTimeoutMs: settings.heartbeatTimeoutMs,
    interceptors: traces === undefined ? [] : [TRACED_WORKFLOWS],
  });
  const config: ClientConnectConfig = loadClientConnectConfig();
  const namespace = config.namespace ?? 'default';
  const connection = await NativeConnection.connect(config.connectionOptions);
  const clientConnection = await Connection.connect(config.connectionOptions);
  const ledger = openLedger({ url: settings.ledgerUrl, keyring: settings.keyring, connections: 16 });
  const guard = addressGuard(settings.allowedAddresses);
  let stopMetrics: (() => void) | undefined;
  const channels = openChannels({ smtpUrl: settings.smtpUrl, mailFrom: settings.mailFrom, guard });
  const staging = await openStaging(settings.staging, settings.keyring, ({ type, vendorCode }) =>
    log.warn({ type, code: vendorCode }, 'staged pages are left for later'),
  );
  const budgets = new RateBudgets(ledger.rateLeases);
  let leave: (() => Promise<void>) | undefined;
  try {
    await ledger.migrate();
    leave = await shareStaging(ledger.workers, staging, (message) => log.warn(message));
    const dependencies: ActivityDependencies = {
      ledger,
      staging,
      budgets,
      metrics: new PipelineMetrics(registry),
      channels,
      guard,
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
      ...traces?.workerOptions,
      ...versioning(settings),
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
    if (settings.metricsAddress !== undefined && sdkAddress !== undefined) {
      addLedgerMetrics(registry, ledger);
      stopMetrics = await serveMetrics(registry, settings.metricsAddress, sdkAddress);
    }
    const running = Promise.all(workers.map((worker) => worker.run()));
    onReady();
    await running;
  } finally {
    stopMetrics?.();
    await traces?.close();
    channels.close();
    await budgets.close();
    await leave?.();
    staging.close();
    await ledger.close();
    await clientConnection.close();
    await connection.close();
  }
}

/**
 * With a build id a run stays with the version that it began on, and new runs begin on the version that is current. Without,
 * every worker takes every run: the recorded histories of test/replay show that this version continues what earlier ones began.
 */
function versioning({ buildId, queuePrefix }: WorkerSettings): Partial<WorkerOptions> {
  if (buildId === undefined) return {};
  return {
    workerDeploymentOptions: {
      useWorkerVersioning: true,
      version: { deploymentName: deploymentName(queuePrefix), buildId },
      defaultVersioningBehavior: 'PINNED',
    },
  };
}
