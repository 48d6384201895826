/** Keeps a process running. */
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

/** What is to be kept running. */
export interface ProcessSpecification {
  /** As it begins a sentence: `The worker`. */
  readonly what: string;
  /** For this Node: flags, the entry file, and what that takes. */
  readonly args: readonly string[];
  /** Its whole environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What it logs once it works. */
  readonly ready: string;
  /** How it is stopped. */
  readonly stop: readonly StopStep[];
}

export interface Supervision {
  readonly log: string;
  readonly say: (line: string) => void;
  /** Hears of each process it starts. */
  readonly onStart: (identity: ProcessIdentity) => Promise<void>;
}

export interface SupervisedProcess {
  /** Of the present process, which may have ended a moment ago. */
  readonly pid: number;
  /** Stops the process and resolves once a new one is ready. */
  readonly restart: () => Promise<void>;
  /** @param hurry cuts the graceful part short. */
  readonly stop: (hurry?: AbortSignal) => Promise<void>;
}

const START_TIMEOUT_MS = 120_000;

/**
 * Starts a process, and starts it again whenever it ends.
 * @throws StartError when the first start fails; later ones are tried again.
 */
export async function supervise(
  specification: ProcessSpecification,
  options: Supervision,
): Promise<SupervisedProcess> {
  const { what, args, env, ready, stop: steps } = specification;
  const { log, say } = options;
  const endOf = (how: string): string => `${what} ended (${how}).`;
  const stopping = new AbortController();
  const isStopping = (): boolean => stopping.signal.aborted;
  let startedAt = 0;
  let restarting: PromiseWithResolvers<void> | undefined;
  let current = await start();
  const kept = keepRunning();

  async function start(): Promise<ServerProcess> {
    const logOffset = await sizeOfLog(log);
    startedAt = performance.now();
    const child = await launch({
      command: process.execPath,
      args: [...process.execArgv, ...args],
      log,
      env,
    });
    try {
      await options.onStart({ pid: child.pid, start: child.start });
      await untilReady(child, {
        what,
        log,
        logOffset,
        timeoutMs: START_TIMEOUT_MS,
        ready: async () => {
          stopping.signal.throwIfAborted();
          return (await readLog(log, logOffset)).includes(ready);
        },
      });
    } catch (error) {
      await stopProcess(child, steps);
      throw error;
    }
    return child;
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
        say(`${what} runs again (process ${current.pid}).`);
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
      await stopProcess(current, steps);
      return promise;
    },
    stop: async (hurry) => {
      stopping.abort();
      await stopProcess(current, steps, hurry);
      await kept;
    },
  };
}
