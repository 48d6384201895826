/** What someone waits for: the end of a run that finds nothing, and the first row at Braze after `cdi run`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { runWorkflowId } from '../model/names.ts';
import { measureRun, objectsReceived, runToEnd } from './measure-run.ts';
import { median } from './median.ts';
import type { BenchSystem } from './system.ts';

const CDI = fileURLToPath(new URL('../bin/cdi.mjs', import.meta.url));
const EMPTY_RUNS = 10;
const FIRST_ROWS = 5;
/** The first command compiles what later ones find in their cache. */
const WARM_UPS = 1;
const POLL_MS = 5;

/**
 * Brings a table to its end, then runs its sync again and again.
 *
 * @returns milliseconds from the request to start until the workflow has ended; the median
 */
export async function emptyRunMs(system: BenchSystem, table: string, rows: number): Promise<number> {
  await measureRun(system, { name: table }, rows);
  const times: number[] = [];
  for (let run = 0; run < EMPTY_RUNS; run += 1) {
    const began = performance.now();
    const { counts } = await runToEnd(system, table);
    times.push(performance.now() - began);
    if (counts.read !== 0) throw new Error(`A run over nothing new read ${counts.read} rows.`);
  }
  return Math.round(median(times));
}

/** @returns milliseconds from the start of the command until the sink has received rows; the median */
export async function firstRowMs(system: BenchSystem, table: string): Promise<number> {
  const times: number[] = [];
  for (let command = 0; command < WARM_UPS + FIRST_ROWS; command += 1) {
    const ms = await firstRowOnce(system, table);
    if (command >= WARM_UPS) times.push(ms);
  }
  return Math.round(median(times));
}

async function firstRowOnce(system: BenchSystem, table: string): Promise<number> {
  await system.declare({ name: table });
  const received = await objectsReceived(system);
  const began = performance.now();
  const command = spawn(process.execPath, [CDI, '--home', system.home, 'run', table], { stdio: 'ignore' });
  const exited = once(command, 'exit');
  while ((await objectsReceived(system)) === received) {
    if (command.exitCode !== null) throw new Error('`cdi run` ended before a row arrived.');
    await sleep(POLL_MS);
  }
  const ms = performance.now() - began;
  // The rest of the table is not waited for.
  const client = await system.session.temporal();
  await client.workflow.getHandle(runWorkflowId(table)).cancel();
  await exited;
  return ms;
}
