/** Staging in a local folder: the default, for one machine. */
import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { CdiError } from '../../model/errors.ts';
import type { Keyring } from '../../store/keyring.ts';
import type { Staging } from './staging.ts';

/**
 * @param root folder of the staged pages; made when it does not exist, readable by this user only
 * @param keyring seals each file, bound to its reference
 */
export function createFileStaging(root: string, keyring: Keyring): Staging {
  const base = resolve(root);
  const pathOf = (reference: string): string => {
    const path = resolve(base, reference);
    if (!path.startsWith(base + sep))
      throw new CdiError('internal', 'A staging reference leaves the staging folder.');
    return path;
  };

  return {
    async write(reference, bytes) {
      const path = pathOf(reference);
      const unfinished = `${path}.${process.pid}.tmp`;
      try {
        await mkdir(dirname(path), { recursive: true, mode: 0o700 });
        await writeFile(unfinished, keyring.seal(bytes, `staging ${reference}`), { mode: 0o600 });
        await rename(unfinished, path);
      } catch (error) {
        await rm(unfinished, { force: true });
        if (isFull(error))
          throw new CdiError('staging_full', 'The staging folder has no space left.', { cause: error });
        throw error;
      }
    },

    async read(reference) {
      let sealed: Buffer;
      try {
        sealed = await readFile(pathOf(reference));
      } catch (cause) {
        throw new CdiError('staging_lost', 'A staged page cannot be read.', { cause });
      }
      try {
        return keyring.open(sealed, `staging ${reference}`);
      } catch (cause) {
        throw new CdiError('staging_lost', 'A staged page is damaged.', { cause });
      }
    },

    async remove(prefix) {
      await rm(pathOf(prefix), { recursive: true, force: true });
    },

    async idleRuns(olderThanMs) {
      const now = Date.now();
      const idle: { sync: string; run: string; idleMs: number }[] = [];
      for (const sync of await entries(base)) {
        for (const run of await entries(join(base, sync))) {
          const { mtimeMs } = await stat(join(base, sync, run)).catch(() => ({ mtimeMs: Infinity }));
          if (now - mtimeMs >= olderThanMs) idle.push({ sync, run, idleMs: now - mtimeMs });
        }
      }
      return idle;
    },
  };
}

async function entries(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

function isFull(error: unknown): boolean {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return code === 'ENOSPC' || code === 'EDQUOT';
}
