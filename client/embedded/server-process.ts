/** Starts and stops the processes of the embedded stack. */
import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { lastLines, readLog } from './log-file.ts';
import { isRunning, startOf, type ProcessIdentity } from './process-identity.ts';
import { StartError } from './start-error.ts';

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  /** File that standard output and error are appended to. */
  readonly log: string;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** The whole environment; that of this process when left out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface ServerProcess extends ProcessIdentity {
  /** How it ended, in words: `exit code 1`, `signal SIGKILL`. */
  readonly exited: Promise<string>;
  /** Lets this process end while the other one goes on. */
  readonly unref: () => void;
}

/**
 * Starts a process in a session of its own, so that Ctrl-C reaches only its supervisor, which stops it in its turn.
 * @throws StartError when the command cannot be run.
 */
export async function launch({ command, args, log, ...options }: Launch): Promise<ServerProcess> {
  const output = await open(log, 'a', 0o600);
  try {
    const child = spawn(command, args, {
      ...options,
      detached: true,
      stdio: ['ignore', output.fd, output.fd],
    });
    const exited = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) => resolve(signal ? `signal ${signal}` : `exit code ${code ?? 0}`));
    });
    if (child.pid === undefined) throw new StartError(`${command} cannot be run: ${await exited}.`);
    return { pid: child.pid, start: (await startOf(child.pid)) ?? '', exited, unref: () => child.unref() };
  } finally {
    await output.close();
  }
}

/** A server that is ready. */
export interface RunningServer extends ProcessIdentity {
  /** How it ended, in words. */
  readonly exited: Promise<string>;
  /** Resolves once it is gone. @param hurry cuts the graceful part short. */
  readonly stop: (hurry?: AbortSignal) => Promise<void>;
}

export interface Readiness {
  /** Name of the server for messages. */
  readonly what: string;
  readonly log: string;
  /** Length of the log before the server was started. */
  readonly logOffset: number;
  readonly ready: () => Promise<boolean>;
  readonly timeoutMs: number;
}

const POLL_MS = 50;
const SHOWN_LINES = 8;

/** @throws StartError with the end of the log when the server ends, or is not ready in time. */
export async function untilReady(server: ServerProcess, readiness: Readiness): Promise<void> {
  let end: string | undefined;
  void server.exited.then((how) => (end = how));
  const deadline = performance.now() + readiness.timeoutMs;
  while (!(await readiness.ready())) {
    if (performance.now() > deadline) end ??= `not ready after ${Math.round(readiness.timeoutMs / 1000)} s`;
    if (end !== undefined) {
      const lines = lastLines(await readLog(readiness.log, readiness.logOffset), SHOWN_LINES);
      throw new StartError(
        `${readiness.what} did not start (${end}). ${readiness.log} ${lines === '' ? 'is empty.' : `ends with:\n${lines}`}`,
      );
    }
    await delay(POLL_MS);
  }
}

/** A signal, and how long to wait for the process to end before the next step, in milliseconds. */
export type StopStep = readonly [signal: NodeJS.Signals, patienceMs: number];

/**
 * Ends a process, a child or not, and returns once it is gone.
 * @param steps from gentle to harsh.
 * @param hurry cuts short the patience of the first, gentle step.
 */
export async function stopProcess(
  process: ProcessIdentity,
  steps: readonly StopStep[],
  hurry?: AbortSignal,
): Promise<void> {
  for (const [index, [signal, patienceMs]] of steps.entries()) {
    if (!(await isRunning(process))) return;
    sendSignal(process.pid, signal);
    const deadline = performance.now() + patienceMs;
    while (performance.now() < deadline && !(index === 0 && hurry?.aborted)) {
      if (!(await isRunning(process))) return;
      await delay(POLL_MS);
    }
  }
  if (await isRunning(process)) throw new Error(`Process ${process.pid} does not end.`);
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // It may end between the look and the signal.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
