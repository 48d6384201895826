/**
 * A writer beside the runs: `node writer.ts '{"url": …, "table": …, "kind": "insert", "seed": 1}'`. It keeps inserting
 * rows, or updating those of 200 users in place, in several transactions at once. UPDATED_AT is taken as a row is
 * written, so that a long transaction commits late, with timestamps that are older than what others committed before.
 * It prints `{}` once it writes, and ends, after its last commit, with SIGTERM.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { z } from 'zod';
import { LONGEST_TRANSACTION_MS } from './writer-pace.ts';
import { SeededRandom } from './seeded-random.ts';

const USERS = 200;
const WRITERS = 4;
const MOST_ROWS = 12;

const { url, table, kind, seed } = z
  .object({ url: z.string(), table: z.string(), kind: z.enum(['insert', 'update']), seed: z.int() })
  .parse(JSON.parse(process.argv[2] ?? '{}'));

let stopped = false;
let next = 0;

const INSERT = `insert into cdi.${table} values (clock_timestamp(), $1,
  '{"name":"e","time":"2026-01-01T00:00:00Z","properties":{"n":' || $2::text || '}}')`;
/** One row a user: the lock on it keeps its timestamps in the order of its values. */
const UPSERT = `insert into cdi.${table} values (clock_timestamp(), $1, '{"n":' || $2::text || ',"k0":' || $2::text || '}')
  on conflict (external_id) do update set updated_at = clock_timestamp(), payload = excluded.payload`;

async function write(writer: number): Promise<void> {
  const random = new SeededRandom(seed, `writer ${writer}`);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  while (!stopped) {
    const length = random.pick([0, 0, random.integer(0, LONGEST_TRANSACTION_MS)]);
    const rows = random.integer(1, MOST_ROWS);
    await client.query('begin');
    for (let row = 0; row < rows; row += 1) {
      next += 1;
      // Each writer has users of its own, so that none waits for another.
      const user = random.integer(0, USERS / WRITERS - 1) * WRITERS + writer;
      await client.query(kind === 'insert' ? INSERT : UPSERT, [`u${user}`, next]);
    }
    await sleep(length);
    await client.query('commit');
    await sleep(random.integer(50, 250));
  }
  await client.end();
}

process.once('SIGTERM', () => (stopped = true));
if (process.connected) process.once('disconnect', () => process.exit());
const writing = Promise.all(Array.from({ length: WRITERS }, (_unused, writer) => write(writer)));
process.stdout.write('{}\n');
await writing;
process.exit();
