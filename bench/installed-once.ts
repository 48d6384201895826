/** What the bench compares with is installed once, outside the checkout. */
import { createHash } from 'node:crypto';
import { access, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from '../client/embedded/temporal-cli.ts';

export interface Installation {
  /** Such as `drt`. */
  readonly name: string;
  /** File that pins everything; another content is another installation. */
  readonly lockFile: URL;
  /** Fills an empty folder. */
  readonly install: (folder: string) => Promise<void>;
  readonly say: (line: string) => void;
}

/** @returns the folder of the installation, made when missing; one that was cut short is made anew */
export async function installedOnce({ name, lockFile, install, say }: Installation): Promise<string> {
  const version = createHash('sha256')
    .update(await readFile(lockFile))
    .digest('hex')
    .slice(0, 16);
  const folder = join(cacheFolder(process.env), `bench-${name}-${version}`);
  const stamp = join(folder, 'installed');
  const isComplete = await access(stamp).then(
    () => true,
    () => false,
  );
  if (isComplete) return folder;
  say(`Installing ${name} to compare with (once) …`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await install(folder);
  await writeFile(stamp, '');
  return folder;
}
