/** One of those that bring the same table to the same sink. */
import type { BenchSystem } from './system.ts';

/** What each of them is given. */
export interface Course {
  readonly system: Pick<BenchSystem, 'postgresUrl' | 'sink'>;
  /** Table of user rows in the schema `public`. */
  readonly table: string;
  readonly rows: number;
  /** Ends a program that runs. */
  readonly stop: AbortSignal;
}

/** CPU and memory are those of all its processes. */
export interface Performance {
  readonly rowsPerSecond: number;
  readonly cpuSecondsPerMillion: number;
  readonly peakRssMb: number;
}
