/**
 * The topology of docker-compose.yml without Docker: Temporal's production server on PostgreSQL, set up by the scripts of
 * the compose file, the ledger of a role of its own, two workers.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensureSearchAttributes } from '../../client/commands/ensure-search-attributes.ts';
import { startPostgres } from '../../client/embedded/postgres.ts';
import { createEvents, expectEvents } from '../support/event-table.ts';
import { type Installation, install } from '../support/installation.ts';
import { endOfRun, runToEnd, startRun } from '../support/run-to-end.ts';
import { type TemporalProduction, startTemporalProduction } from './temporal-production.ts';

const LEDGER_PASSWORD = 'not-a-secret-either';
const ROWS = 6_000;

const cleanup = new AsyncDisposableStack();
let temporal: TemporalProduction;
let installation: Installation;
let postgresUrl: string;

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cdi-production-'));
  cleanup.defer(() => rm(folder, { recursive: true, force: true }));
  const postgres = await startPostgres({
    dataDir: join(folder, 'postgres'),
    port: 0,
    user: 'test',
    password: 'test',
    log: join(folder, 'postgres.log'),
  });
  cleanup.defer(() => postgres.stop());
  postgresUrl = postgres.url;
  temporal = cleanup.use(
    await startTemporalProduction(postgresUrl, folder, LEDGER_PASSWORD, (line) =>
      process.stderr.write(`${line}\n`),
    ),
  );
  installation = cleanup.use(
    await install('production', {
      servers: { postgresUrl, temporalAddress: temporal.address },
      latencyMs: 10,
      leaseTtl: '3s',
      heartbeatTimeout: '3s',
    }),
  );
  await ensureSearchAttributes(installation.session);
  await installation.startWorker();
  await installation.startWorker();
});

afterAll(() => cleanup.disposeAsync());

async function declareEvents(name: string): Promise<void> {
  await createEvents(installation.source, name, ROWS);
  await installation.declare({
    name,
    table: name,
    data_type: 'events',
    options: { page_size: 1_000, segment_rows: 1_000, max_concurrency: 8 },
  });
}

test('a run goes through', async () => {
  await declareEvents('plain');
  expect(await runToEnd(installation.session, 'plain')).toMatchObject({
    status: 'success',
    counts: { read: ROWS, sent: ROWS },
  });
  expect(await expectEvents(installation.braze.client, installation.session, 'plain', ROWS)).toEqual({
    doubled: 0,
  });
});

test('a run outlives the end of the Temporal server, and doubles nothing', async () => {
  await installation.braze.client.reset();
  await installation.braze.client.setLatency({ ms: 40 });
  await declareEvents('outlives');
  const run = await startRun(installation.session, 'outlives');
  while ((await installation.braze.client.state()).events < ROWS / 4) await sleep(10);
  await temporal.restart();
  expect(await endOfRun(installation.session, 'outlives', run)).toMatchObject({ status: 'success' });
  await expectEvents(installation.braze.client, installation.session, 'outlives', ROWS);
});

test('the role of the ledger has its database, and nothing of Temporal', async () => {
  const url = new URL(postgresUrl);
  [url.username, url.password, url.pathname] = ['cdi', LEDGER_PASSWORD, '/cdi'];
  const ledger = new pg.Client({ connectionString: url.href });
  await ledger.connect();
  await ledger.query('create table of_its_own (id integer)');
  await ledger.end();
  url.pathname = '/temporal';
  const stranger = new pg.Client({ connectionString: url.href });
  await stranger.connect();
  await expect(stranger.query('select from executions')).rejects.toMatchObject({ code: '42501' });
  await stranger.end();
});
