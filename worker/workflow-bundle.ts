/** The bundle of the workflows: made once for each state of their sources, kept beside the installed packages. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BUNDLER = join(ROOT, 'worker', 'bundle-workflows.ts');
const CACHE = join(ROOT, 'node_modules', '.cache', 'braze-cdi');
/** All that a bundle can hold: workflows import nothing else of ours, and packages are pinned in package.json. */
const SOURCES = ['workflows', 'model'];
const LARGEST_BUNDLE = 64 << 20;

/** What a bundle is made of beside the sources. */
export interface BundleContents {
  /** How long a step may be silent before it is given to another worker. */
  readonly heartbeatTimeoutMs: number;
  /** Modules that are bundled with the workflows. */
  readonly interceptors: readonly string[];
}

/** @returns the code of the workflows, for `Worker.create` */
export async function workflowBundle(contents: BundleContents): Promise<{ code: string }> {
  const written = JSON.stringify(contents);
  const path = join(CACHE, `workflows-${await hashOf(written)}.js`);
  const kept = await readFile(path, 'utf8').catch(() => undefined);
  if (kept !== undefined) return { code: kept };
  const { stdout: code } = await promisify(execFile)(
    process.execPath,
    [...process.execArgv, BUNDLER, written],
    { maxBuffer: LARGEST_BUNDLE },
  );
  // Where the installation cannot be written to, each worker makes its own.
  await keep(path, code).catch(() => undefined);
  return { code };
}

async function keep(path: string, code: string): Promise<void> {
  const unfinished = `${path}.${process.pid}.tmp`;
  await mkdir(CACHE, { recursive: true });
  await writeFile(unfinished, code);
  await rename(unfinished, path);
}

/** @returns a hash of the contents and of every source */
async function hashOf(contents: string): Promise<string> {
  const hash = createHash('sha256').update(`${process.version}\0${contents}\0`);
  const files = await Promise.all(
    SOURCES.map(async (folder) =>
      (await readdir(join(ROOT, folder), { recursive: true })).map((name) => join(folder, name)),
    ),
  );
  const code = files.flat().filter((name) => name.endsWith('.ts'));
  for (const name of ['package.json', ...code.toSorted()])
    hash.update(`${name}\0`).update(await readFile(join(ROOT, name)));
  return hash.digest('hex').slice(0, 32);
}
