/**
 * Sends the same full request over and over, so that only the sink works for it. Prints one JSON line.
 *
 * node bench/sink-loop.ts SINK_URL ROWS
 */
import { Pool } from 'undici';

const [sinkUrl = '', rowsText = ''] = process.argv.slice(2);
const BATCH = 75;
const CONNECTIONS = 16;
const OBJECT = { external_id: 'user-1234567', first_name: 'Name 1234567', note: 'x'.repeat(300) };

const body = Buffer.from(JSON.stringify({ attributes: Array.from({ length: BATCH }, () => OBJECT) }));
const headers = { authorization: 'Bearer sim-key', 'content-type': 'application/json' };
const requests = Math.ceil(Number(rowsText) / BATCH);
const pool = new Pool(sinkUrl, { connections: CONNECTIONS, pipelining: 1, allowH2: false });

const began = performance.now();
let begun = 0;
await Promise.all(
  Array.from({ length: CONNECTIONS }, async () => {
    while (begun < requests) {
      begun += 1;
      const answer = await pool.request({ path: '/users/track', method: 'POST', headers, body });
      await answer.body.dump();
      if (answer.statusCode !== 201) throw new Error(`The sink answered ${answer.statusCode}.`);
    }
  }),
);
const seconds = (performance.now() - began) / 1_000;
process.stdout.write(`${JSON.stringify({ rowsPerSecond: Math.round((requests * BATCH) / seconds) })}\n`);
await pool.close();
