/** Segment's Braze action, from npm, fed from the table: see loop.ts. */
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Course, Performance } from '../contestant.ts';
import { installedOnce } from '../installed-once.ts';
import { runProgram } from '../run-program.ts';

const LOOP = fileURLToPath(new URL('loop.ts', import.meta.url));
const PACKAGE = new URL('packages/package.json', import.meta.url);
const LOCK = new URL('packages/package-lock.json', import.meta.url);

/**
 * @returns the folder that holds its `node_modules`, made when missing
 * @throws Error that says what is missing
 */
export async function installSegment(say: (line: string) => void, stop: AbortSignal): Promise<string> {
  return installedOnce({
    name: 'segment',
    lockFile: LOCK,
    say,
    install: async (folder) => {
      await cp(PACKAGE, join(folder, 'package.json'));
      await cp(LOCK, join(folder, 'package-lock.json'));
      const quiet = ['--no-audit', '--no-fund', '--loglevel=error', '--ignore-scripts'];
      await runProgram('npm', ['ci', ...quiet], { cwd: folder, signal: stop });
    },
  });
}

/** @throws Error where it fails, or one of its rows does */
export async function runSegment({ system, table, stop }: Course, folder: string): Promise<Performance> {
  const args = [system.postgresUrl, `public.${table}`, system.sink.url, folder];
  return JSON.parse(await runProgram(process.execPath, [LOOP, ...args], { signal: stop })) as Performance;
}
