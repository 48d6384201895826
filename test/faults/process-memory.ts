/** How much memory a process took, as Linux counts it. */
import { readFile } from 'node:fs/promises';

/** @returns its highest resident memory so far, in megabytes */
export async function peakMemoryMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kilobytes = /^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1];
  if (kilobytes === undefined) throw new Error(`Process ${pid} tells no peak of its memory.`);
  return Number(kilobytes) / 1_024;
}
