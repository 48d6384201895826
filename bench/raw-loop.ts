/**
 * The floor that the pipeline is measured against: query, parse, batches of 75, keep-alive POSTs. No state, no
 * validation, no order, no retry. Prints one JSON line.
 *
 * node bench/raw-loop.ts POSTGRES_URL TABLE SINK_URL CONCURRENCY
 */
import pg from 'pg';
import { Pool } from 'undici';

const [postgresUrl = '', table = '', sinkUrl = '', concurrencyText = '8'] = process.argv.slice(2);
const concurrency = Number(concurrencyText);
const BATCH = 75;
const GROUP = 10_000;

interface Row {
  readonly external_id: string;
  readonly payload: string;
}

const client = new pg.Client({ connectionString: postgresUrl });
await client.connect();
const pool = new Pool(sinkUrl, { connections: concurrency, pipelining: 1, allowH2: false });
const headers = { authorization: 'Bearer sim-key', 'content-type': 'application/json' };

const began = performance.now();
const cpuBefore = process.cpuUsage();
let rows = 0;
let group: Row[] = [];
const inFlight = new Set<Promise<void>>();
const socket = (client as unknown as { connection: { stream: { pause(): void; resume(): void } } }).connection
  .stream;

async function post(batch: readonly Row[]): Promise<void> {
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

async function send(batches: readonly Row[]): Promise<void> {
  for (let start = 0; start < batches.length; start += BATCH) {
    while (inFlight.size >= concurrency) await Promise.race(inFlight);
    const work = post(batches.slice(start, start + BATCH)).finally(() => inFlight.delete(work));
    inFlight.add(work);
  }
}

await new Promise<void>((resolve, reject) => {
  const query = new pg.Query<Row>(`select external_id, payload from ${table} order by updated_at`);
  query.on('row', (row: Row) => {
    group.push(row);
    rows += 1;
    if (group.length < GROUP) return;
    const full = group;
    group = [];
    socket.pause();
    send(full).then(() => socket.resume(), reject);
  });
  query.on('error', reject);
  query.on('end', () => resolve());
  client.query(query);
});
await send(group);
await Promise.all(inFlight);
const seconds = (performance.now() - began) / 1_000;
const cpu = process.cpuUsage(cpuBefore);
process.stdout.write(
  `${JSON.stringify({ rows, seconds, rowsPerSecond: Math.round(rows / seconds), cpuSecondsPerMillion: (cpu.user + cpu.system) / rows })}\n`,
);
await pool.close();
await client.end();
