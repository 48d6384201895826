/**
 * Feeds a table to Segment's Braze action: the query of the raw loop, payloads parsed into traits, 75 to a batch, eight
 * batches in flight, and a look at the status of every row. Prints one JSON line.
 *
 * node bench/segment/loop.ts POSTGRES_URL TABLE SINK_URL FOLDER
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import pg from 'pg';
import { streamGroups, type UserRow } from '../stream-groups.ts';

const [postgresUrl = '', table = '', sinkUrl = '', folder = ''] = process.argv.slice(2);
const BATCH = 75;
/** A multiple of the batch, as in the raw loop. */
const GROUP = 3_000;
const IN_FLIGHT = 8;
const MAPPING = {
  external_id: { '@path': '$.userId' },
  // One of Braze's own fields, which the action leaves out of the custom ones.
  first_name: { '@path': '$.traits.first_name' },
  custom_attributes: { '@path': '$.traits' },
  enable_batching: true,
  batch_size: BATCH,
  // Without it every row comes back as a 400, and nothing is sent.
  __segment_internal_sync_mode: 'update',
};

interface BatchInput {
  readonly events: readonly { readonly userId: string; readonly traits: unknown }[];
  readonly mapping: typeof MAPPING;
  readonly settings: { readonly api_key: string; readonly app_id: string; readonly endpoint: string };
}

interface ActionDestination {
  executeBatch(action: string, input: BatchInput): Promise<readonly { readonly status: number }[]>;
}

const load = createRequire(join(folder, 'package.json'));
const { Destination } = load('@segment/actions-core') as {
  Destination: new (definition: unknown) => ActionDestination;
};
const { default: braze } = load('@segment/action-destinations/dist/destinations/braze') as {
  default: unknown;
};
const destination = new Destination(braze);
const settings = { api_key: 'sim-key', app_id: 'bench', endpoint: sinkUrl };

const client = new pg.Client({ connectionString: postgresUrl });
await client.connect();
const began = performance.now();
const cpuBefore = process.cpuUsage();
const inFlight = new Set<Promise<void>>();

async function deliver(batch: readonly UserRow[]): Promise<void> {
  const events = batch.map((row) => ({
    userId: row.external_id,
    traits: JSON.parse(row.payload) as unknown,
  }));
  const results = await destination.executeBatch('updateUserProfile2', {
    events,
    mapping: MAPPING,
    settings,
  });
  const failed = results.find(({ status }) => status >= 300);
  if (failed) throw new Error(`A row came back with status ${failed.status}.`);
}

async function send(rows: readonly UserRow[]): Promise<void> {
  for (let start = 0; start < rows.length; start += BATCH) {
    while (inFlight.size >= IN_FLIGHT) await Promise.race(inFlight);
    const work = deliver(rows.slice(start, start + BATCH)).finally(() => inFlight.delete(work));
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
await client.end();
// Its HTTP client keeps connections that nobody needs any more.
process.exit();
