/**
 * The bench: prints every figure that the docs quote, on this machine. See docs/performance.md, and options.ts for how to
 * ask for less. Standard output holds the tables, standard error the progress.
 */
import { writeFile } from 'node:fs/promises';
import { stopRequest } from '../client/up/stop-request.ts';
import { dataTypes, hundredSyncs, latencies, oneInstant, payloads, scale, type Alone } from './alone.ts';
import { compare } from './comparison.ts';
import { figuresOf, type Measurements } from './figures.ts';
import { fillTable } from './fill-table.ts';
import { benchOptions, CONTESTANTS, USAGE, type BenchOptions, type Section } from './options.ts';
import { usage } from './process-usage.ts';
import { report } from './report.ts';
import { sinkCapacity } from './sink.ts';
import { startSystem } from './system.ts';
import { unlessStopped } from './unless-stopped.ts';
import { emptyRunMs, firstRowMs } from './waiting-times.ts';

const TABLE = 'bench_users';
/** What a shell expects of a program that ended by Ctrl-C. */
const INTERRUPTED = 130;

const began = performance.now();
function say(line: string): void {
  const seconds = Math.round((performance.now() - began) / 1_000);
  process.stderr.write(`[${String(seconds).padStart(4)} s] ${line}\n`);
}

function optionsOrUsage(): BenchOptions {
  try {
    return benchOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}\n`);
    return process.exit(2);
  }
}

async function bench(options: BenchOptions, stop: AbortSignal): Promise<void> {
  const { rows, repeats, wants } = options;
  say('starting PostgreSQL, Temporal, the worker and the sink');
  await using system = await startSystem({ say, stop });
  const workerStartRssMb = (await usage(system.pids.worker)).peakRssMb;
  const missing: Record<string, string> = {};
  const alone: Alone = { system, table: TABLE, rows, repeats, say, stop };

  /** A part that fails is told of, and does not keep the others from being measured. */
  async function part<T>(
    name: Section | 'comparison',
    isWanted: boolean,
    measure: () => Promise<T>,
  ): Promise<T | undefined> {
    if (!isWanted) return undefined;
    say(`${name} …`);
    try {
      return await unlessStopped(stop, measure());
    } catch (error) {
      stop.throwIfAborted();
      const reason = error instanceof Error ? error.message : String(error);
      missing[name] = reason;
      say(`${name} failed: ${reason}`);
      return undefined;
    }
  }
  const section = <T>(name: Section, measure: () => Promise<T>): Promise<T | undefined> =>
    part(name, wants(name), measure);

  say(`filling a table with ${rows} rows`);
  await unlessStopped(stop, fillTable(system.source, TABLE, rows));
  const contestants = CONTESTANTS.filter(wants);
  const measurements: Measurements = {
    sink: await section('sink', () => sinkCapacity({ ...alone })),
    comparison: await part('comparison', contestants.length > 0, () => compare({ ...alone, contestants })),
    emptyRunMs: await section('empty', () => emptyRunMs(system, TABLE, rows)),
    firstRowMs: await section('first-row', () => firstRowMs(system, TABLE)),
    latency: await section('latency', () => latencies(alone)),
    dataTypes: await section('types', () => dataTypes(alone)),
    payloads: await section('payloads', () => payloads(alone)),
    oneInstant: await section('instant', () => oneInstant(alone)),
    hundredSyncsRatio: await section('hundred', () => hundredSyncs(alone)),
    scale: await section('scale', () => scale(alone)),
  };
  const figures = figuresOf(measurements, rows, workerStartRssMb, missing);
  process.stdout.write(`${report(figures)}\n`);
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(figures, null, 2)}\n`);
  if (Object.keys(figures.missing).length > 0) process.exitCode = 1;
}

const options = optionsOrUsage();
using request = stopRequest();
const { asked } = request;
try {
  await bench(options, asked);
} catch (error) {
  if (!asked.aborted) throw error;
  say('stopped');
  process.exitCode = INTERRUPTED;
}
