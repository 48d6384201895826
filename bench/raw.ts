/** The raw loop as a program: see raw-loop.ts. */
import { fileURLToPath } from 'node:url';
import type { Course, Performance } from './contestant.ts';
import { runProgram } from './run-program.ts';

const LOOP = fileURLToPath(new URL('raw-loop.ts', import.meta.url));
/** Requests in flight that are tried. */
export const RAW_CONCURRENCIES = [4, 8, 16, 32, 64] as const;

/** @throws Error where it fails */
export async function runRaw({ system, table, stop }: Course, concurrency: number): Promise<Performance> {
  const args = [system.postgresUrl, `public.${table}`, system.sink.url, String(concurrency)];
  return JSON.parse(await runProgram(process.execPath, [LOOP, ...args], { signal: stop })) as Performance;
}
