/** What a process uses, as Linux counts it. */
import { readFile, writeFile } from 'node:fs/promises';

/** Clock ticks of /proc, per second, on every Linux that Node runs on. */
const TICKS = 100;

export interface ProcessUsage {
  readonly cpuSeconds: number;
  readonly peakRssMb: number;
}

/** What a process used so far, from /proc. */
export async function usage(pid: number): Promise<ProcessUsage> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const peakKb = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0);
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS,
    peakRssMb: Math.round(peakKb / 1_024),
  };
}

/** Memory that a process holds now, in MB. */
export async function residentMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024);
}

/** Lets the peak of a process begin anew at what it holds now. */
export async function resetPeak(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, '5');
}
