/** Keeps a log from growing for ever, while the process that writes to it goes on. */
import { appendFile, copyFile, open, rename, rm, truncate } from 'node:fs/promises';
import { readLog, sizeOfLog } from './log-file.ts';

export interface LogLimits {
  /** From this size on, in bytes, a log begins anew. */
  readonly bytes: number;
  /** How many old ones are kept, as `.1` (the newest) and so on. */
  readonly kept: number;
}

export const LOG_LIMITS: LogLimits = { bytes: 20_000_000, kept: 5 };

/**
 * Copies a log that has grown too large and empties it: its writer has it open for appending and does not notice. What is
 * written between the two is lost, a line at most.
 *
 * @returns whether it was too large
 */
export async function rotateLog(path: string, { bytes, kept }: LogLimits): Promise<boolean> {
  if ((await sizeOfLog(path)) < bytes) return false;
  await rm(`${path}.${kept}`, { force: true });
  for (let number = kept - 1; number >= 1; number -= 1) {
    await rename(`${path}.${number}`, `${path}.${number + 1}`).catch(ignoreMissing);
  }
  const newest = `${path}.1`;
  await (await open(newest, 'w', 0o600)).close();
  await copyFile(path, newest);
  // What came in while the copy was made.
  await appendFile(newest, await readLog(path, await sizeOfLog(newest)));
  await truncate(path, 0);
  return true;
}

function ignoreMissing(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}
