/** `cdi up`: a stack that runs until it is told to stop. */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { readLog, sizeOfLog } from '../embedded/log-file.ts';
import { launch, stopProcess } from '../embedded/server-process.ts';
import { StartError } from '../embedded/start-error.ts';
import { createHome, logOf } from './home.ts';
import { refuseIfHeld } from './home-lock.ts';
import { SUPERVISOR_STOP } from './run-down.ts';
import { startStack, type Stack, type StackOptions } from './stack.ts';
import { stopRequest, type StopRequest } from './stop-request.ts';
import { readUpFile } from './up-file.ts';

export interface UpOptions extends StackOptions {
  /**
   * Runs in the background: the arguments for Node that run the same `cdi up` in the foreground. This process returns
   * once that one is ready.
   */
  readonly daemon?: readonly string[] | undefined;
}

/**
 * Runs the stack until Ctrl-C, SIGTERM or `cdi down`; asked twice, it stops without grace.
 * @throws StartError when it cannot start, or when a part of it other than the worker ends by itself.
 */
export async function runUp(options: UpOptions): Promise<void> {
  using request = stopRequest();
  if (options.daemon === undefined) await runInForeground(options, request);
  else await startDaemon(options, options.daemon, request);
}

async function runInForeground(options: UpOptions, request: StopRequest): Promise<void> {
  const { say } = options;
  let stack: Stack;
  try {
    stack = await startStack({ ...options, cancel: request.asked });
  } catch (error) {
    if (request.asked.aborted && error === request.asked.reason) return;
    throw error;
  }
  for (const line of places(stack)) say(line);
  say('Ctrl-C or `cdi down` stops it.');
  const failure = await Promise.race([stack.failed, aborted(request.asked)]);
  say(failure === undefined ? 'Stopping …' : `${failure.message} Stopping the rest …`);
  request.insisted.addEventListener('abort', stack.force);
  await stack.stop();
  say('Stopped.');
  if (failure !== undefined) throw failure;
}

function places({ apiUrl, uiUrl, temporalAddress, postgresUrl, logs }: Stack): string[] {
  return [
    ...(apiUrl === undefined ? [] : [`Status page  ${apiUrl}`]),
    `Temporal UI  ${uiUrl}`,
    `Temporal     ${temporalAddress}`,
    `PostgreSQL   ${new URL(postgresUrl).host}`,
    `Logs         ${logs}`,
  ];
}

const RELAY_MS = 100;

async function startDaemon(options: UpOptions, args: readonly string[], request: StopRequest): Promise<void> {
  const home = await createHome(options.home);
  await refuseIfHeld(home.lock);
  const log = logOf(home, 'up');
  let relayed = await sizeOfLog(log);
  const relay = async (): Promise<void> => {
    const text = await readLog(log, relayed);
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    relayed += Buffer.byteLength(whole);
    for (const line of whole.split('\n').slice(0, -1)) options.say(line);
  };
  const child = await launch({ command: process.execPath, args: [...process.execArgv, ...args], log });
  let end: string | undefined;
  void child.exited.then((how) => (end = how));
  for (;;) {
    const up = await readUpFile(home.root);
    await relay();
    if (up?.pid === child.pid && up.state === 'ready') break;
    if (end !== undefined) throw new StartError(`\`cdi up\` did not start (${end}); its log is ${log}.`);
    if (request.asked.aborted) return stopProcess(child, SUPERVISOR_STOP);
    await delay(RELAY_MS);
  }
  child.unref();
  options.say(`It runs in the background (process ${child.pid}).`);
}

async function aborted(signal: AbortSignal): Promise<undefined> {
  if (!signal.aborted) await once(signal, 'abort');
  return undefined;
}
