/** drt (https://pypi.org/project/drt-core), end to end: the same table to the same sink, by configuration alone. */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Course, Performance } from '../contestant.ts';
import { installedOnce } from '../installed-once.ts';
import { runProgram } from '../run-program.ts';
import { KEY_VARIABLE, PASSWORD_VARIABLE, SYNC_NAME, writeProject } from './project.ts';

const REQUIREMENTS = new URL('requirements.txt', import.meta.url);
const MEASURE = fileURLToPath(new URL('measure.py', import.meta.url));

/**
 * @returns the folder of the virtual environment, made when missing
 * @throws Error that says what is missing
 */
export async function installDrt(say: (line: string) => void, stop: AbortSignal): Promise<string> {
  return installedOnce({
    name: 'drt',
    lockFile: REQUIREMENTS,
    say,
    install: async (folder) => {
      await cp(REQUIREMENTS, join(folder, 'requirements.txt'));
      await runProgram('python3', ['-m', 'venv', folder], { signal: stop });
      const pip = ['-m', 'pip', 'install', '--quiet', '--require-hashes', '--only-binary', ':all:'];
      const requirements = ['--requirement', join(folder, 'requirements.txt')];
      await runProgram(join(folder, 'bin', 'python'), [...pip, ...requirements], { signal: stop });
    },
  });
}

interface Measured {
  readonly seconds: number;
  readonly cpu_seconds: number;
  readonly peak_kb: number;
}

/** Each run begins without a state. Its start-up of about half a second counts: drt is started for each run. */
export async function runDrt({ system, table, rows, stop }: Course, venv: string): Promise<Performance> {
  const project = await mkdtemp(join(tmpdir(), 'cdi-bench-drt-'));
  try {
    await writeProject(project, { postgresUrl: system.postgresUrl, sinkUrl: system.sink.url, table });
    const bin = join(venv, 'bin');
    const command = [join(bin, 'drt'), 'run', '--select', SYNC_NAME, '--output', 'json'];
    const output = await runProgram(join(bin, 'python'), [MEASURE, ...command], {
      cwd: project,
      signal: stop,
      env: {
        PATH: process.env['PATH'],
        HOME: project,
        DO_NOT_TRACK: '1',
        [PASSWORD_VARIABLE]: decodeURIComponent(new URL(system.postgresUrl).password),
        [KEY_VARIABLE]: 'sim-key',
      },
    });
    const measured = JSON.parse(output) as Measured;
    return {
      rowsPerSecond: Math.round(rows / measured.seconds),
      cpuSecondsPerMillion: (measured.cpu_seconds / rows) * 1e6,
      peakRssMb: Math.round(measured.peak_kb / 1_024),
    };
  } finally {
    await rm(project, { recursive: true, force: true });
  }
}
