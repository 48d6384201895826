/**
 * Timeouts, heartbeats and retries, by class of activity. The only place where they are written.
 * What is retried at all is decided by the error's own type (model/errors.ts).
 */
import {
  ActivityCancellationType,
  type ActivityOptions,
  type LocalActivityOptions,
  proxyActivities,
  proxyLocalActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type { BrazeActivities, ControlActivities, WarehouseActivities } from '../activities/index.ts';
import { queuePrefix, taskQueues } from '../model/names.ts';

/**
 * A cancelled step is waited for: what it still records belongs to the run. Written out because the SDK sends TRY_CANCEL
 * where nothing is given, whatever its documentation says.
 */
const WAITED_FOR = { cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED } as const;

/** Written into the bundle by a worker whose settings say so; see worker/workflow-constants.ts. */
declare const CDI_HEARTBEAT_TIMEOUT_MS: number | undefined;

/** A dead worker is noticed within this time. Replay does not compare timeouts, so a changed setting breaks no run. */
const heartbeatTimeout =
  typeof CDI_HEARTBEAT_TIMEOUT_MS === 'undefined' ? '10 seconds' : CDI_HEARTBEAT_TIMEOUT_MS;

const queues = (): ReturnType<typeof taskQueues> => taskQueues(queuePrefix(workflowInfo().taskQueue));

/** A query may take an hour and a sleeping warehouse minutes to wake; a dead worker is noticed in seconds. */
export const WAREHOUSE: ActivityOptions = {
  ...WAITED_FOR,
  startToCloseTimeout: '3 hours',
  heartbeatTimeout,
  retry: {
    initialInterval: '1 second',
    backoffCoefficient: 2,
    maximumInterval: '1 minute',
    maximumAttempts: 10,
  },
};

/** Braze may be down, or its rate limit used up, for an hour. Within an attempt the upload retries by itself. */
export const BRAZE: ActivityOptions = {
  ...WAITED_FOR,
  startToCloseTimeout: '24 hours',
  heartbeatTimeout,
  retry: {
    initialInterval: '1 second',
    backoffCoefficient: 2,
    maximumInterval: '2 minutes',
    maximumAttempts: 40,
  },
};

/** The ledger must be told, however long it is away. */
const UNTIL_TOLD = {
  ...WAITED_FOR,
  startToCloseTimeout: '15 seconds',
  retry: { initialInterval: '500 milliseconds', backoffCoefficient: 2, maximumInterval: '30 seconds' },
} as const;

/**
 * These steps take milliseconds, so they run as local activities: within the workflow task that asks for them, without a
 * way through the server each. A worker that was frozen runs them once more when it wakes, long after another worker has
 * taken the run over: each must be harmless then, and none may depend on how such a late one ended.
 */
export const IN_LEDGER: LocalActivityOptions = UNTIL_TOLD;

/** The server gives these to one worker only that still has the run: what they end cannot be begun again. */
export const CONTROL: ActivityOptions = UNTIL_TOLD;

/** A mail server that is down delays the end of a run's workflow a little, and never fails it. */
export const MAIL: ActivityOptions = {
  ...WAITED_FOR,
  startToCloseTimeout: '90 seconds',
  retry: {
    initialInterval: '2 seconds',
    backoffCoefficient: 3,
    maximumInterval: '1 minute',
    maximumAttempts: 4,
  },
};

/** What a person waits for should fail soon rather than late. */
export const INTERACTIVE: ActivityOptions = {
  ...WAITED_FOR,
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout,
  retry: {
    initialInterval: '1 second',
    backoffCoefficient: 2,
    maximumInterval: '15 seconds',
    maximumAttempts: 4,
  },
};

type Steps = WarehouseActivities & BrazeActivities & ControlActivities;
export type Step = keyof Steps;
export type StepInput<S extends Step> = Parameters<Steps[S]>;
export type StepOutput<S extends Step> = Awaited<ReturnType<Steps[S]>>;

type StepClass =
  | { readonly queue: 'control' | 'warehouse' | 'braze'; readonly options: ActivityOptions }
  | { readonly queue: 'here'; readonly options: LocalActivityOptions };

const CLASSES: Record<Step, StepClass> = {
  testConnection: { queue: 'warehouse', options: WAREHOUSE },
  readWatermark: { queue: 'warehouse', options: WAREHOUSE },
  planParts: { queue: 'warehouse', options: WAREHOUSE },
  extract: { queue: 'warehouse', options: WAREHOUSE },
  measureRun: { queue: 'warehouse', options: WAREHOUSE },
  extractRejected: { queue: 'warehouse', options: WAREHOUSE },
  validate: { queue: 'braze', options: BRAZE },
  upload: { queue: 'braze', options: BRAZE },
  commitWatermark: { queue: 'here', options: IN_LEDGER },
  commitRetry: { queue: 'here', options: IN_LEDGER },
  holdRun: { queue: 'here', options: IN_LEDGER },
  answerHeld: { queue: 'here', options: IN_LEDGER },
  recordRetry: { queue: 'here', options: IN_LEDGER },
  finishRun: { queue: 'here', options: IN_LEDGER },
  failRun: { queue: 'control', options: CONTROL },
  notify: { queue: 'control', options: MAIL },
  maintain: { queue: 'control', options: MAIL },
  previewSource: { queue: 'warehouse', options: INTERACTIVE },
  inspectWorker: { queue: 'warehouse', options: INTERACTIVE },
  verifySync: { queue: 'warehouse', options: INTERACTIVE },
  countRewind: { queue: 'warehouse', options: INTERACTIVE },
  testCredential: { queue: 'warehouse', options: INTERACTIVE },
  checkSetup: { queue: 'warehouse', options: INTERACTIVE },
};

/** Whether a step only touches the ledger; the Temporal UI shows such a step when it has ended, not before. */
export function isInLedger(name: Step): boolean {
  return CLASSES[name].queue === 'here';
}

/**
 * Runs one step as an activity of its class.
 *
 * @param summary what the Temporal UI shows beside it; holds no identifier of a person
 */
export function step<S extends Step>(
  name: S,
  summary: string,
  ...args: StepInput<S>
): Promise<StepOutput<S>> {
  const { queue, options } = CLASSES[name];
  if (queue === 'here')
    return callable<S>(proxyLocalActivities<Steps>(options)[name]).executeWithOptions(
      { ...options, summary },
      args,
    );
  const placed = { ...options, taskQueue: queues()[queue], summary };
  return callable<S>(proxyActivities<Steps>(placed)[name]).executeWithOptions(placed, args);
}

interface Callable<S extends Step> {
  executeWithOptions(options: object, args: unknown[]): Promise<StepOutput<S>>;
}

/** The proxies' own type does not survive a step that is not known by name. */
function callable<S extends Step>(step: unknown): Callable<S> {
  return step as Callable<S>;
}
