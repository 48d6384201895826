/** Staging in a local folder: the default, for one machine. */
import { mkdir, open as openFile, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { CdiError } from '../../model/errors.ts';
import type { Keyring } from '../../store/keyring.ts';
import { openPage, sealPage } from './sealed-page.ts';
import type { IdleRun, Staging } from './staging.ts';

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

  /** As many as there were reads at one time. */
  const idle: Scratch[] = [];

  return {
    async write(reference, bytes) {
      const path = pathOf(reference);
      const unfinished = `${path}.${process.pid}.tmp`;
      try {
        await mkdir(dirname(path), { recursive: true, mode: 0o700 });
        await writePieces(unfinished, sealPage(keyring, reference, bytes));
        await rename(unfinished, path);
      } catch (error) {
        await rm(unfinished, { force: true });
        if (isFull(error))
          throw new CdiError('staging_full', 'The staging folder has no space left.', { cause: error });
        throw error;
      }
    },

    async read(reference) {
      const scratch = idle.pop() ?? new Scratch();
      try {
        const sealed = await scratch.read(pathOf(reference)).catch((cause: unknown) => {
          throw new CdiError('staging_lost', 'A staged page cannot be read.', { cause });
        });
        return openPage(keyring, reference, sealed);
      } finally {
        idle.push(scratch);
      }
    },

    async remove(prefix) {
      await rm(pathOf(prefix), { recursive: true, force: true });
    },

    async freeBytes() {
      await mkdir(base, { recursive: true, mode: 0o700 });
      const { bavail, bsize } = await statfs(base);
      return bavail * bsize;
    },

    async idleRuns(olderThanMs) {
      const now = Date.now();
      const idle: IdleRun[] = [];
      for (const sync of await entries(base)) {
        for (const run of await entries(join(base, sync))) {
          const { mtimeMs } = await stat(join(base, sync, run)).catch(() => ({ mtimeMs: Infinity }));
          if (now - mtimeMs >= olderThanMs) idle.push({ sync, run, idleMs: now - mtimeMs });
        }
      }
      return idle;
    },

    close: () => undefined,
  };
}

/** Memory into which file after file is read. */
class Scratch {
  #buffer = Buffer.allocUnsafe(1 << 20);

  /** @returns the file's content, valid until the next read */
  async read(path: string): Promise<Buffer> {
    await using file = await openFile(path, 'r');
    const { size } = await file.stat();
    if (size > this.#buffer.length) this.#buffer = Buffer.allocUnsafe(size);
    let length = 0;
    while (length < size) {
      const { bytesRead } = await file.read(this.#buffer, length, size - length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return this.#buffer.subarray(0, length);
  }
}

async function writePieces(path: string, pieces: readonly Uint8Array[]): Promise<void> {
  await using file = await openFile(path, 'w', 0o600);
  for (const piece of pieces) await file.writeFile(piece);
}

async function entries(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

function isFull(error: unknown): boolean {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return code === 'ENOSPC' || code === 'EDQUOT';
}
