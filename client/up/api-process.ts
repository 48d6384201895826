/** The HTTP API with its status page, as `cdi up` keeps it running. */
import { fileURLToPath } from 'node:url';
import { LOCALHOST } from '../embedded/claim-port.ts';
import type { StopStep } from '../embedded/server-process.ts';
import type { ProcessSpecification } from './supervised-process.ts';

const ENTRY = fileURLToPath(new URL('../main.ts', import.meta.url));

/** Longer than the API's own grace for its requests. */
export const API_STOP: readonly StopStep[] = [
  ['SIGTERM', 10_000],
  ['SIGKILL', 5_000],
];

export function apiProcess(
  env: Readonly<Record<string, string | undefined>>,
  port: number,
  entry: string = ENTRY,
): ProcessSpecification {
  return {
    what: 'The API',
    args: [entry, 'api', '--host', LOCALHOST, '--port', String(port)],
    env,
    ready: '"msg":"api ready"',
    stop: API_STOP,
  };
}
