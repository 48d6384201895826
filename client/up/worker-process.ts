/** The worker, as `cdi up` keeps it running. */
import { fileURLToPath } from 'node:url';
import type { StopStep } from '../embedded/server-process.ts';
import type { ProcessSpecification } from './supervised-process.ts';

const ENTRY = fileURLToPath(new URL('../../worker/main.ts', import.meta.url));

/**
 * Rows live for a moment only. Where V8 lets more of them gather before it looks, and where the C library keeps memory apart
 * for each thread, the worker takes 150 MB more and is no faster.
 */
const MEMORY_FLAGS = ['--max-semi-space-size=8'];
const MEMORY_ENV = { MALLOC_ARENA_MAX: '2' };

/** Longer than the worker's own grace for its activities. */
export const WORKER_STOP: readonly StopStep[] = [
  ['SIGTERM', 75_000],
  ['SIGKILL', 5_000],
];

export function workerProcess(
  env: Readonly<Record<string, string | undefined>>,
  entry: string = ENTRY,
): ProcessSpecification {
  return {
    what: 'The worker',
    args: [...MEMORY_FLAGS, entry],
    env: { ...MEMORY_ENV, ...env },
    ready: '"msg":"worker ready"',
    stop: WORKER_STOP,
  };
}
