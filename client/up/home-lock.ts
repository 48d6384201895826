/** One supervisor per home folder. */
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { isRunning, startOf, type ProcessIdentity } from '../embedded/process-identity.ts';
import { StartError } from '../embedded/start-error.ts';

const identity = z.object({ pid: z.int(), start: z.string() });

/** The supervisor that holds a lock; undefined when none runs, also when a killed one left the file. */
export async function lockHolder(lockFile: string): Promise<ProcessIdentity | undefined> {
  const holder = parse(await readFile(lockFile, 'utf8').catch(() => ''));
  return holder !== undefined && (await isRunning(holder)) ? holder : undefined;
}

/**
 * Takes the lock for this process.
 * @returns a function that gives it back.
 * @throws StartError that names the process which holds it.
 */
export async function takeLock(lockFile: string): Promise<() => Promise<void>> {
  const draft = `${lockFile}.${process.pid}`;
  await writeFile(draft, JSON.stringify({ pid: process.pid, start: await startOf(process.pid) }));
  try {
    // A link appears whole or not at all, and only one process can make it.
    while (!(await linked(draft, lockFile))) await removeStale(lockFile);
  } finally {
    await rm(draft);
  }
  return () => rm(lockFile, { force: true });
}

async function linked(draft: string, lockFile: string): Promise<boolean> {
  return link(draft, lockFile).then(
    () => true,
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    },
  );
}

async function removeStale(lockFile: string): Promise<void> {
  await refuseIfHeld(lockFile);
  const aside = `${lockFile}.stale.${process.pid}`;
  // Another process that found the same stale lock may be faster ...
  if (!(await renamed(lockFile, aside))) return;
  try {
    // ... and what was moved aside may already be its lock, which then goes back.
    if ((await lockHolder(aside)) !== undefined) await linked(aside, lockFile);
  } finally {
    await rm(aside);
  }
}

/** @throws StartError that names the process which holds the lock. */
export async function refuseIfHeld(lockFile: string): Promise<void> {
  const holder = await lockHolder(lockFile);
  if (holder === undefined) return;
  throw new StartError(
    `\`cdi up\` already runs on this folder (process ${holder.pid} holds ${lockFile}): ` +
      'stop it with `cdi down`, or choose another folder with --home.',
  );
}

async function renamed(from: string, to: string): Promise<boolean> {
  return rename(from, to).then(
    () => true,
    () => false,
  );
}

function parse(text: string): ProcessIdentity | undefined {
  try {
    return identity.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
