/**
 * The floor that the pipeline is measured against: query, parse, batches of 75, keep-alive POSTs. No state, no
 * validation, no order, no retry. Prints one JSON line.
 *
 * node bench/raw-loop.ts POSTGRES_URL TABLE SINK_URL CONCURRENCY
 */
import pg from 'pg';
import { Pool } from 'undici';
import { streamGroups, type UserRow } from './stream-groups.ts';

const [postgresUrl = '', table = '', sinkUrl = '', concurrencyText = '8'] = process.argv.slice(2);
const concurrency = Number(concurrencyText);
const BATCH = 75;
/** A multiple of the batch, so that only the last request of the table is not full. */
const GROUP = 9_975;

const client = new pg.Client({ connectionString: postgresUrl });
await client.connect();
const pool = new Pool(sinkUrl, { connections: concurrency, pipelining: 1, allowH2: false });
const headers = { authorization: 'Bearer sim-key', 'content-type': 'application/json' };

const began = performance.now();
const cpuBefore = process.cpuUsage();
const inFlight = new Set<Promise<void>>();

async function post(batch: readonly UserRow[]): Promise<void> {
  const attributes = batch.map((row) => ({
    external_id: row.external_id,
    ...(JSON.parse(row.payload) as Record<string, unknown>),
  }));
  const { body } = await pool.request({
    path: '/users/track',
    method: 'POST',
    headers,
    body: JSON.stringify({ attributes }),
  });
  await body.dump();
}

async function send(rows: readonly UserRow[]): Promise<void> {
  for (let start = 0; start < rows.length; start += BATCH) {
    while (inFlight.size >= concurrency) await Promise.race(inFlight);
    const work = post(rows.slice(start, start + BATCH)).finally(() => inFlight.delete(work));
    inFlight.add(work);
  }
}

const rows = await streamGroups(client, table, GROUP, send);
await Promise.all(inFlight);
const seconds = (performance.now() - began) / 1_000;
const cpu = process.cpuUsage(cpuBefore);
process.stdout.write(
  `${JSON.stringify({
    rows,
    seconds,
    rowsPerSecond: Math.round(rows / seconds),
    cpuSecondsPerMillion: (cpu.user + cpu.system) / rows,
    peakRssMb: Math.round(process.resourceUsage().maxRSS / 1_024),
  })}\n`,
);
await pool.close();
await client.end();
