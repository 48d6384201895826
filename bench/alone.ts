/** What is measured of the pipeline alone. */
import { DATA_TYPES, type DataType } from '../model/data-type.ts';
import { fillTable, splitTable, type TableShape } from './fill-table.ts';
import { measureRun, measureRuns, type RunMeasurement } from './measure-run.ts';
import { median, medianBy } from './median.ts';
import type { BenchSystem } from './system.ts';

export interface Alone {
  readonly system: BenchSystem;
  /** The table of the comparison. */
  readonly table: string;
  readonly rows: number;
  readonly repeats: number;
  readonly say: (line: string) => void;
  readonly stop: AbortSignal;
}

/** Milliseconds until the sink answers, as Braze does near by and far away. */
const LATENCIES = [20, 150] as const;
const SYNCS_AT_ONCE = 100;
/** How many times the rows of the comparison the large table holds. */
const SCALE = 5;

/** With a sink that takes its time; by its milliseconds. */
export async function latencies({
  system,
  table,
  rows,
  repeats,
  say,
  stop,
}: Alone): Promise<Record<string, RunMeasurement>> {
  const results: Record<string, RunMeasurement> = {};
  try {
    for (const ms of LATENCIES) {
      await system.sink.client.setLatency({ ms });
      const runs: RunMeasurement[] = [];
      for (let repeat = 0; repeat < repeats; repeat += 1) {
        stop.throwIfAborted();
        const run = await measureRun(system, { name: table }, rows);
        say(`sink answers after ${ms} ms: ${figures(run)}`);
        runs.push(run);
      }
      results[String(ms)] = medianBy(runs, ({ rowsPerSecond }) => rowsPerSecond);
    }
  } finally {
    await system.sink.client.setLatency({ ms: 0 });
  }
  return results;
}

export interface Scale {
  readonly small: RunMeasurement;
  readonly large: RunMeasurement;
}

/** The table, and one five times as large, each with a fresh worker. */
export async function scale({ system, table, rows, say, stop }: Alone): Promise<Scale> {
  await system.restartWorker();
  const small = await measureRun(system, { name: table }, rows);
  say(`fresh worker, ${rows} rows: ${figures(small)}`);
  const large = await inTable(system, 'bench_large', rows * SCALE, {}, async (name) => {
    stop.throwIfAborted();
    await system.restartWorker();
    return measureRun(system, { name }, rows * SCALE);
  });
  say(`fresh worker, ${rows * SCALE} rows: ${figures(large)}`);
  return { small, large };
}

/** One table per data type. */
export async function dataTypes({
  system,
  rows,
  say,
  stop,
}: Alone): Promise<Partial<Record<DataType, RunMeasurement>>> {
  const results: Partial<Record<DataType, RunMeasurement>> = {};
  for (const dataType of DATA_TYPES) {
    stop.throwIfAborted();
    // The guard of deletes asks a person.
    const options = dataType === 'user_deletes' ? { max_deletes_per_run: rows } : {};
    const run = await inTable(system, `bench_${dataType}`, rows, { dataType }, (name) =>
      measureRun(system, { name, dataType, options }, rows),
    );
    say(`${dataType}: ${figures(run)}`);
    results[dataType] = run;
  }
  return results;
}

/** Larger payloads; of the largest a tenth of the rows, which are more bytes all the same. */
export async function payloads({ system, rows, say, stop }: Alone): Promise<Record<string, RunMeasurement>> {
  const results: Record<string, RunMeasurement> = {};
  for (const [label, payloadBytes, share] of [
    ['1 KB', 1_000, 1],
    ['10 KB', 10_000, 0.1],
  ] as const) {
    stop.throwIfAborted();
    const count = Math.round(rows * share);
    const table = `bench_payload_${payloadBytes}`;
    const run = await inTable(system, table, count, { payloadBytes }, (name) =>
      measureRun(system, { name }, count),
    );
    say(`payloads of ${label}: ${figures(run)}`);
    results[label] = run;
  }
  return results;
}

/** A table whose rows all carry one UPDATED_AT. */
export async function oneInstant({ system, rows, say }: Alone): Promise<RunMeasurement> {
  const run = await inTable(system, 'bench_instant', rows, { oneInstant: true }, (name) =>
    measureRun(system, { name }, rows),
  );
  say(`one instant of ${rows} rows: ${figures(run)}`);
  return run;
}

/**
 * The rows of the table cut into a hundred, each part with a sync of its own, all started at once.
 *
 * @returns their time over that of one sync with the same rows; the median
 */
export async function hundredSyncs({ system, table, rows, repeats, say, stop }: Alone): Promise<number> {
  const parts = await splitTable(system.source, table, 'bench_part_', SYNCS_AT_ONCE);
  const ratios: number[] = [];
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    const one = async (): Promise<RunMeasurement> => measureRun(system, { name: table }, rows);
    const hundred = async (): Promise<RunMeasurement> => {
      for (const name of parts) await system.declare({ name });
      return measureRuns(system, parts, rows);
    };
    stop.throwIfAborted();
    const oneFirst = repeat % 2 === 0;
    const first = oneFirst ? await one() : await hundred();
    const second = oneFirst ? await hundred() : await one();
    const [single, many] = oneFirst ? [first, second] : [second, first];
    say(`one sync: ${figures(single)}; ${SYNCS_AT_ONCE} at once: ${figures(many)}`);
    ratios.push(many.seconds / single.seconds);
  }
  for (const name of parts) await system.source.query(`drop table public.${name}`);
  return median(ratios);
}

/** Makes a table for a measurement, and drops it afterwards. */
async function inTable<T>(
  { source }: Pick<BenchSystem, 'source'>,
  name: string,
  rows: number,
  shape: TableShape,
  measure: (name: string) => Promise<T>,
): Promise<T> {
  try {
    await fillTable(source, name, rows, shape);
    return await measure(name);
  } finally {
    await source.query(`drop table if exists public.${name}`);
  }
}

const figures = ({ rowsPerSecond, cpuSecondsPerMillion, workerRssMb }: RunMeasurement): string =>
  `${rowsPerSecond} rows/s, ${cpuSecondsPerMillion.toFixed(1)} CPU s per million, worker ${workerRssMb} MB`;
