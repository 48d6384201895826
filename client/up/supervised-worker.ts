/** Keeps a worker running. */
import { setTimeout as delay } from 'node:timers/promises';
import { readLog, sizeOfLog } from '../embedded/log-file.ts';
import type { ProcessIdentity } from '../embedded/process-identity.ts';
import {
  launch,
  stopProcess,
  untilReady,
  type ServerProcess,
  type StopStep,
} from '../embedded/server-process.ts';
import { restartDelay } from './restart-delay.ts';

export interface WorkerOptions {
  /** The worker's entry file, run with this Node. */
  readonly entry: string;
  /** Its whole environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: string;
  readonly say: (line: string) => void;
  /** Hears of each process it starts. */
  readonly onStart: (identity: ProcessIdentity) => Promise<void>;
}

export interface SupervisedWorker {
  /** Of the present process, which may have ended a moment ago. */
  readonly pid: number;
  /** Stops the process and resolves once a new one is ready. */
  readonly restart: () => Promise<void>;
  /** @param hurry cuts the graceful part short. */
  readonly stop: (hurry?: AbortSignal) => Promise<void>;
}

/**
 * Rows live for a moment only. Where V8 lets more of them gather before it looks, and where the C library keeps memory apart
 * for each thread, the worker takes 150 MB more and is no faster.
 */
const MEMORY_FLAGS = ['--max-semi-space-size=8'];
const MEMORY_ENV = { MALLOC_ARENA_MAX: '2' };

const START_TIMEOUT_MS = 120_000;
/** What a worker logs once it takes tasks. */
const READY = '"msg":"worker ready"';

/** Longer than the worker's own grace for its activities. */
export const WORKER_STOP: readonly StopStep[] = [
  ['SIGTERM', 75_000],
  ['SIGKILL', 5_000],
];

/**
 * Starts a worker, and starts it again whenever it ends.
 * @throws StartError when the first start fails; later ones are tried again.
 */
export async function superviseWorker(options: WorkerOptions): Promise<SupervisedWorker> {
  const { entry, env, log, say } = options;
  const stopping = new AbortController();
  const isStopping = (): boolean => stopping.signal.aborted;
  let startedAt = 0;
  let restarting: PromiseWithResolvers<void> | undefined;
  let current = await start();
  const kept = keepRunning();

  async function start(): Promise<ServerProcess> {
    const logOffset = await sizeOfLog(log);
    startedAt = performance.now();
    const worker = await launch({
      command: process.execPath,
      args: [...process.execArgv, ...MEMORY_FLAGS, entry],
      log,
      env: { ...MEMORY_ENV, ...env },
    });
    try {
      await options.onStart({ pid: worker.pid, start: worker.start });
      await untilReady(worker, {
        what: 'The worker',
        log,
        logOffset,
        timeoutMs: START_TIMEOUT_MS,
        ready: async () => {
          stopping.signal.throwIfAborted();
          return (await readLog(log, logOffset)).includes(READY);
        },
      });
    } catch (error) {
      await stopProcess(worker, WORKER_STOP);
      throw error;
    }
    return worker;
  }

  async function keepRunning(): Promise<void> {
    let how = endOf(await current.exited);
    let wait: number | undefined;
    while (!isStopping()) {
      if (restarting === undefined) {
        wait = restartDelay(wait, performance.now() - startedAt);
        say(`${how} It starts again in ${wait / 1000} s; its log is ${log}.`);
        await delay(wait, undefined, { signal: stopping.signal }).catch(() => undefined);
        if (isStopping()) return;
      }
      try {
        current = await start();
        say(`The worker runs again (process ${current.pid}).`);
        restarting?.resolve();
        restarting = undefined;
        how = endOf(await current.exited);
      } catch (error) {
        restarting?.reject(error);
        restarting = undefined;
        how = (error as Error).message;
      }
    }
  }

  return {
    get pid() {
      return current.pid;
    },
    restart: async () => {
      restarting ??= Promise.withResolvers();
      const { promise } = restarting;
      await stopProcess(current, WORKER_STOP);
      return promise;
    },
    stop: async (hurry) => {
      stopping.abort();
      await stopProcess(current, WORKER_STOP, hurry);
      await kept;
    },
  };
}

const endOf = (how: string): string => `The worker ended (${how}).`;
