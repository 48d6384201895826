/** How much the sink takes in when nothing else holds it up: what no contestant can exceed here. */
import { fileURLToPath } from 'node:url';
import type { Course, Performance } from './contestant.ts';
import { usage } from './process-usage.ts';
import { runProgram } from './run-program.ts';

const LOOP = fileURLToPath(new URL('sink-loop.ts', import.meta.url));

/** @returns CPU and memory of the sink itself */
export async function sinkCapacity({ system, rows, stop }: Course): Promise<Performance> {
  const before = await usage(system.sink.pid);
  const output = await runProgram(process.execPath, [LOOP, system.sink.url, String(rows)], { signal: stop });
  const after = await usage(system.sink.pid);
  const { rowsPerSecond } = JSON.parse(output) as Pick<Performance, 'rowsPerSecond'>;
  return {
    rowsPerSecond,
    cpuSecondsPerMillion: ((after.cpuSeconds - before.cpuSeconds) / rows) * 1e6,
    peakRssMb: after.peakRssMb,
  };
}
