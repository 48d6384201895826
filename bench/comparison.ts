/** The pipeline beside the raw loop, drt and Segment's Braze action: same table, same machine, order alternated. */
import type { Course, Performance } from './contestant.ts';
import { installDrt, runDrt } from './drt/drt.ts';
import { measureRun, objectsReceived, type RunMeasurement } from './measure-run.ts';
import { medianBy } from './median.ts';
import type { Contestant } from './options.ts';
import { RAW_CONCURRENCIES, runRaw } from './raw.ts';
import { installSegment, runSegment } from './segment/segment.ts';
import type { BenchSystem } from './system.ts';

type Peer = Exclude<Contestant, 'pipeline'>;

/** Of each contestant the run of the median speed. */
export interface Comparison {
  readonly pipeline?: RunMeasurement;
  readonly peers: Partial<Record<Peer, Performance>>;
  /** Requests in flight with which the raw loop was fastest. */
  readonly rawConcurrency?: number;
  /** Why one that was asked for is not there. */
  readonly missing: Readonly<Record<string, string>>;
}

export interface ComparisonOptions {
  readonly system: BenchSystem;
  readonly table: string;
  readonly rows: number;
  readonly repeats: number;
  readonly contestants: readonly Contestant[];
  readonly say: (line: string) => void;
  readonly stop: AbortSignal;
}

/** @throws Error where a contestant that could be had fails, or does not bring the whole table to the sink */
export async function compare(options: ComparisonOptions): Promise<Comparison> {
  const { system, table, rows, repeats, say, stop } = options;
  const course: Course = { system, table, rows, stop };
  const missing: Record<string, string> = {};
  const runs = new Map<Peer, () => Promise<Performance>>();
  let rawConcurrency: number | undefined;
  for (const peer of options.contestants.filter((contestant) => contestant !== 'pipeline')) {
    try {
      if (peer === 'raw') {
        const concurrency = (rawConcurrency = await bestConcurrency(course, say));
        runs.set(peer, () => runRaw(course, concurrency));
      } else if (peer === 'drt') {
        const venv = await installDrt(say, stop);
        runs.set(peer, () => runDrt(course, venv));
      } else {
        const folder = await installSegment(say, stop);
        runs.set(peer, () => runSegment(course, folder));
      }
    } catch (error) {
      stop.throwIfAborted();
      const reason = error instanceof Error ? error.message : String(error);
      missing[peer] = reason;
      say(`${peer} cannot be had: ${reason}`);
    }
  }

  const present = options.contestants.filter((contestant) => missing[contestant] === undefined);
  const pipeline: RunMeasurement[] = [];
  const peers = new Map<Peer, Performance[]>(Array.from(runs.keys(), (peer) => [peer, []]));
  const runOnce = async (contestant: Contestant): Promise<Performance> => {
    if (contestant === 'pipeline') {
      const measured = await measureRun(system, { name: table }, rows);
      pipeline.push(measured);
      return measured;
    }
    const received = await objectsReceived(system);
    const run = runs.get(contestant);
    if (!run) throw new Error(`${contestant} was not prepared.`);
    const performance = await run();
    const delivered = (await objectsReceived(system)) - received;
    if (delivered !== rows) throw new Error(`${contestant} delivered ${delivered} of ${rows} rows.`);
    peers.get(contestant)?.push(performance);
    return performance;
  };
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    for (const contestant of repeat % 2 === 0 ? present : present.toReversed()) {
      stop.throwIfAborted();
      const { rowsPerSecond, cpuSecondsPerMillion } = await runOnce(contestant);
      const figures = `${rowsPerSecond} rows/s, ${cpuSecondsPerMillion.toFixed(1)} CPU s per million`;
      say(`${contestant}, ${repeat + 1} of ${repeats}: ${figures}`);
    }
  }
  const speed = ({ rowsPerSecond }: Performance): number => rowsPerSecond;
  return {
    ...(pipeline.length > 0 ? { pipeline: medianBy(pipeline, speed) } : {}),
    peers: Object.fromEntries(Array.from(peers, ([peer, measured]) => [peer, medianBy(measured, speed)])),
    ...(rawConcurrency === undefined ? {} : { rawConcurrency }),
    missing,
  };
}

/** Tries the raw loop once with each number of requests in flight. */
async function bestConcurrency(course: Course, say: (line: string) => void): Promise<number> {
  let best = { concurrency: 0, rowsPerSecond: 0 };
  for (const concurrency of RAW_CONCURRENCIES) {
    const { rowsPerSecond } = await runRaw(course, concurrency);
    say(`raw loop with ${concurrency} requests in flight: ${rowsPerSecond} rows/s`);
    if (rowsPerSecond > best.rowsPerSecond) best = { concurrency, rowsPerSecond };
  }
  return best.concurrency;
}
