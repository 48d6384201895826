/**
 * Installs what a stand-in needs from Python: once per machine, outside the checkout, pinned with hashes, whole or not at
 * all. No virtual environment: a folder for PYTHONPATH can be made aside and then renamed.
 */
import { createHash } from 'node:crypto';
import { access, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { runProgram } from '../../bench/run-program.ts';
import { cacheFolder } from '../../client/embedded/temporal-cli.ts';
import { lockHolder, takeLock } from '../../client/up/home-lock.ts';

export interface PythonPackages {
  /** Names the folder, such as `fakesnow`. */
  readonly name: string;
  /** A requirements.txt that pins everything with hashes; another content is another folder. */
  readonly requirements: URL;
  /** Packages that come as sources only, and are built here. Everything else must come as a wheel. */
  readonly fromSource?: readonly string[];
  /** Python with pip, 3.10 or newer. @default python3 */
  readonly python?: string;
  /** Default: that of the user. */
  readonly cache?: string;
}

export interface InstalledPackages {
  /** The Python to run them with, such as `python3`. */
  readonly python: string;
  /** Holds the packages, and their commands in `bin/`. */
  readonly folder: string;
  /** Environment that makes Python see the packages, and nothing that the user installed. */
  readonly environment: Record<string, string>;
}

const WAIT_MS = 500;

/**
 * @returns where the packages are; they are installed when missing, by one process at a time
 * @throws Error that says how to get what is missing
 */
export async function pythonPackages(packages: PythonPackages): Promise<InstalledPackages> {
  const { name, requirements, python = 'python3', cache = cacheFolder(process.env) } = packages;
  const folder = join(cache, `${name}-${await fingerprint(packages, python)}`);
  if (!(await exists(folder))) {
    await mkdir(dirname(folder), { recursive: true });
    const giveBack = await lockFor(`${folder}.lock`);
    try {
      if (!(await exists(folder))) await install(packages, python, folder);
    } catch (error) {
      throw new Error(
        `The Python packages of ${name} could not be installed: ${lastLines(error)}\n` +
          `They need Python 3.10 or newer with pip, and a package index such as https://pypi.org; ` +
          `to try by hand: ${python} -m pip install --requirement ${fileURLToPath(requirements)}`,
        { cause: error },
      );
    } finally {
      await giveBack();
    }
  }
  return { python, folder, environment: { PYTHONPATH: folder, PYTHONNOUSERSITE: '1' } };
}

/** Wheels are made for one version of Python on one kind of machine. */
async function fingerprint({ name, requirements }: PythonPackages, python: string): Promise<string> {
  const version = await runProgram(python, ['-c', 'import sys; print(sys.implementation.cache_tag)']).catch(
    () => {
      throw new Error(`${name} needs Python 3.10 or newer with pip: ${python} is missing or does not run.`);
    },
  );
  return createHash('sha256')
    .update(await readFile(requirements))
    .update(`${version.trim()} ${process.platform} ${process.arch}`)
    .digest('hex')
    .slice(0, 16);
}

async function install(
  { requirements, fromSource = [] }: PythonPackages,
  python: string,
  folder: string,
): Promise<void> {
  const draft = await mkdtemp(`${folder}.`);
  try {
    const sources = fromSource.flatMap((built) => ['--no-binary', built]);
    const options = ['--quiet', '--disable-pip-version-check', '--require-hashes', '--no-deps'];
    const kinds = ['--only-binary', ':all:', ...sources];
    const what = ['--target', draft, '--requirement', fileURLToPath(requirements)];
    await runProgram(python, ['-m', 'pip', 'install', ...options, ...kinds, ...what]);
    await rename(draft, folder);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Waits for a process that is at the same. @returns gives the lock back */
async function lockFor(lockFile: string): Promise<() => Promise<void>> {
  for (;;) {
    while ((await lockHolder(lockFile)) !== undefined) await sleep(WAIT_MS);
    const giveBack = await takeLock(lockFile).catch(() => undefined);
    if (giveBack) return giveBack;
  }
}

function lastLines(error: unknown): string {
  const lines = (error instanceof Error ? error.message : String(error)).trim().split('\n');
  return lines.slice(-3).join(' ').slice(-600);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
