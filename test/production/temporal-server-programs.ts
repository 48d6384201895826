/**
 * The production server of Temporal and the tool for its schemas, built from source: once per machine, kept outside the
 * checkout. Go checks what it downloads against its public checksum database.
 */
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runProgram } from '../../bench/run-program.ts';
import { cacheFolder } from '../../client/embedded/temporal-cli.ts';
import { pythonPackages } from '../warehouses/python-packages.ts';

/** That of the images in docker-compose.yml. */
export const SERVER_VERSION = '1.32.0';
const REQUIREMENTS = new URL('requirements.txt', import.meta.url);
const MODULE = 'go.temporal.io/server/cmd';

export interface TemporalServerPrograms {
  /** Holds `temporal-server` and `temporal-sql-tool`, the names that the images have. */
  readonly folder: string;
}

/** @param say hears that they are being built, which takes a quarter of an hour */
export async function temporalServerPrograms(say: (line: string) => void): Promise<TemporalServerPrograms> {
  const folder = join(cacheFolder(process.env), `temporal-server-${SERVER_VERSION}`);
  const isThere = await access(folder).then(
    () => true,
    () => false,
  );
  if (!isThere) {
    say(`Building the Temporal server ${SERVER_VERSION} (once, about 15 minutes) …`);
    await build(folder);
  }
  return { folder };
}

async function build(folder: string): Promise<void> {
  const { folder: packages } = await pythonPackages({ name: 'go', requirements: REQUIREMENTS });
  await mkdir(dirname(folder), { recursive: true });
  const draft = await mkdtemp(`${folder}.`);
  try {
    const programs = [`${MODULE}/server@v${SERVER_VERSION}`, `${MODULE}/tools/sql@v${SERVER_VERSION}`];
    const smaller = ['-trimpath', '-ldflags', '-s -w', '-tags', 'disable_grpc_modules'];
    await runProgram(join(packages, 'go', 'bin', 'go'), ['install', ...smaller, ...programs], {
      env: {
        ...process.env,
        GOTOOLCHAIN: 'local',
        GOBIN: join(draft, 'bin'),
        GOPATH: join(draft, 'path'),
        GOCACHE: join(draft, 'cache'),
        // Or what it downloads could not be removed again.
        GOFLAGS: '-modcacherw',
        CGO_ENABLED: '0',
      },
    });
    const finished = join(draft, 'finished');
    await mkdir(finished);
    await rename(join(draft, 'bin', 'server'), join(finished, 'temporal-server'));
    await rename(join(draft, 'bin', 'sql'), join(finished, 'temporal-sql-tool'));
    await rename(finished, folder);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}
