/** Tells whether a process noted earlier still runs, though ids are given out again. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

export interface ProcessIdentity {
  readonly pid: number;
  /** When it began; what `startOf` said of it. */
  readonly start: string;
}

/** Fields of /proc/PID/stat after the command's name, which may itself hold spaces. */
const STATE = 0;
const START_TIME = 19;

/**
 * When a process began, as a text that a later process with the same id does not share.
 * @returns undefined if there is no such process; one that only waits to be reaped counts as none.
 */
export async function startOf(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
    const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields === undefined || /[ZX]/.test(fields[STATE] ?? 'X') ? undefined : fields[START_TIME];
  }
  const line = await ps(pid, 'state=,lstart=');
  return line === undefined || line.startsWith('Z') ? undefined : line.replace(/^\S+\s+/, '');
}

/** The command line of a process, or undefined if there is no such process. */
export async function commandOf(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => undefined);
    return line?.replaceAll('\0', ' ');
  }
  return ps(pid, 'command=');
}

/** Whether the very process that was noted still runs. */
export async function isRunning(identity: ProcessIdentity): Promise<boolean> {
  return (await startOf(identity.pid)) === identity.start;
}

async function ps(pid: number, columns: string): Promise<string | undefined> {
  return promisify(execFile)('ps', ['-o', columns, '-p', String(pid)]).then(
    ({ stdout }) => stdout.trim() || undefined,
    () => undefined,
  );
}
