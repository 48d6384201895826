/**
 * One run of the complete system, for work on its speed, with the raw loop before and after it where the sink answers at
 * once. Prints one JSON line.
 *
 * node bench/pipeline.ts [--rows N] [--latency MS] [--concurrency N] [--profile DIR]
 */
import { parseArgs } from 'node:util';
import { stopRequest } from '../client/up/stop-request.ts';
import { fillTable } from './fill-table.ts';
import { measureRun } from './measure-run.ts';
import { runRaw } from './raw.ts';
import { startSystem } from './system.ts';
import { unlessStopped } from './unless-stopped.ts';

const TABLE = 'bench_users';
const RAW_CONCURRENCY = 16;

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    latency: { type: 'string', default: '0' },
    concurrency: { type: 'string', default: '32' },
    /** Folder for CPU profiles of the worker. */
    profile: { type: 'string' },
  },
});

async function measure(stop: AbortSignal): Promise<void> {
  const rows = Number(values.rows);
  const latencyMs = Number(values.latency);
  await using system = await startSystem({
    say: (line) => void process.stderr.write(`${line}\n`),
    stop,
    ...(values.profile === undefined ? {} : { profile: values.profile }),
  });
  await unlessStopped(stop, fillTable(system.source, TABLE, rows));
  await system.sink.client.setLatency({ ms: latencyMs });
  const raw = () => runRaw({ system, table: TABLE, rows, stop }, RAW_CONCURRENCY);
  const before = latencyMs === 0 ? await raw() : undefined;
  const options = { max_concurrency: Number(values.concurrency) };
  const run = await unlessStopped(stop, measureRun(system, { name: TABLE, options }, rows));
  const after = latencyMs === 0 ? await raw() : undefined;
  const best = before && after && Math.max(before.rowsPerSecond, after.rowsPerSecond);
  const ratio = best === undefined ? {} : { raw: [before, after], ratioToRaw: run.rowsPerSecond / best };
  process.stdout.write(`${JSON.stringify({ ...run, ...ratio })}\n`);
}

using request = stopRequest();
try {
  await measure(request.asked);
} catch (error) {
  if (!request.asked.aborted) throw error;
}
