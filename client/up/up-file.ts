/** What a running `cdi up` tells other commands: where things are, and which processes belong to it. */
import { readFile, rm } from 'node:fs/promises';
import { z } from 'zod';
import { homeAt } from './home.ts';
import { writeWhole } from './write-whole.ts';

const identity = z.object({ pid: z.int(), start: z.string() });

const upFile = z.object({
  /** The supervisor. */
  pid: z.int(),
  state: z.enum(['starting', 'ready']),
  postgresUrl: z.string(),
  temporalAddress: z.string(),
  temporalNamespace: z.string(),
  uiUrl: z.string(),
  apiUrl: z.string().optional(),
  keyFile: z.string(),
  stagingUrl: z.string(),
  logs: z.string(),
  /** In the order in which they are stopped. */
  processes: z.object({
    api: identity.optional(),
    worker: identity.optional(),
    temporal: identity.optional(),
    postgres: identity.optional(),
  }),
});

/** Holds the ledger's password: for the owner alone. */
export type UpFile = Readonly<z.infer<typeof upFile>>;

/**
 * @param home folder of `cdi up`.
 * @returns undefined when `cdi up` does not run there; after a killed one the file may still be there.
 */
export async function readUpFile(home: string): Promise<UpFile | undefined> {
  const text = await readFile(homeAt(home).upFile, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return upFile.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

export async function writeUpFile(home: string, content: UpFile): Promise<void> {
  await writeWhole(homeAt(home).upFile, `${JSON.stringify(content, null, 2)}\n`);
}

export async function removeUpFile(home: string): Promise<void> {
  await rm(homeAt(home).upFile, { force: true });
}
