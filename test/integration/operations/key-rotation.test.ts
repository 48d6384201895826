/** `cdi key rotate` while a run is under way: nothing stops, and nothing stays under the former key. */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Session } from '../../../client/session.ts';
import { openLedger } from '../../../store/ledger.ts';
import { parseKeyring } from '../../../store/keyring.ts';
import { jsonOf, runCli, type CliResult } from '../../support/cli-process.ts';
import { createEvents } from '../../support/event-table.ts';
import { type Installation, install, type WorkerProcess } from '../../support/installation.ts';
import { endOfRun, runToEnd, startRun } from '../../support/run-to-end.ts';

let installation: Installation;
let worker: WorkerProcess;
let folder = '';
let keyFile = '';

beforeAll(async () => {
  installation = await install('key_rotation');
  folder = await mkdtemp(join(tmpdir(), 'cdi-keys-'));
  keyFile = join(folder, 'key');
  await writeFile(keyFile, `${installation.environment['CDI_KEY']}\n`, { mode: 0o600 });
  delete installation.environment['CDI_KEY'];
  installation.environment['CDI_KEY_FILE'] = keyFile;
  worker = await installation.startWorker();
});

afterAll(async () => {
  await installation[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const cli = (...args: string[]): Promise<CliResult> => runCli(installation.environment, args);

const ROWS = 6_000;

/** Every 50th event has no payload that can be read. */
async function eventsToReject(table: string): Promise<void> {
  await createEvents(installation.source, table, ROWS);
  await installation.source.query(
    `update cdi.${table} set payload = 'n' where (payload::json -> 'properties' ->> 'n')::int % 50 = 0`,
  );
}

test('a run goes on, and everything comes under the new key, what it still writes too', async () => {
  await eventsToReject('rotated');
  await installation.declare({
    name: 'rotated',
    data_type: 'events',
    table: 'rotated',
    options: { page_size: 1_000, segment_rows: 1_000, max_concurrency: 1 },
  });
  await installation.braze.client.setLatency({ ms: 100 });
  const run = await startRun(installation.session, 'rotated');
  const counts = async (): Promise<{ sent: number; rejected: number } | undefined> =>
    (await installation.session.ledger.runs.get(run))?.counts;
  await expect
    .poll(async () => (await counts())?.rejected, { timeout: 60_000, interval: 50 })
    .toBeGreaterThan(0);

  // As the API and the watch have it, which live on.
  const session = new Session({ ...installation.session.settings, keyFile });
  const rotated = await cli('key', 'rotate', '--json');
  expect(rotated, rotated.stderr).toMatchObject({ code: 0 });
  const { key, left } = jsonOf<{ key: string; left: object }>(rotated);
  expect(left).toEqual({});
  await installation.braze.client.setLatency({ ms: 0 });
  expect(await endOfRun(installation.session, 'rotated', run)).toMatchObject({
    status: 'partial',
    counts: { read: ROWS, sent: ROWS - ROWS / 50, rejected: ROWS / 50, possiblyDoubled: 0 },
  });
  expect((await installation.braze.client.events()).length).toBe(ROWS - ROWS / 50);

  try {
    expect((await session.ledger.rejectedRows.list('rotated', { limit: ROWS })).length).toBe(ROWS / 50);
    expect((await session.ledger.definitions.workspace('main')).apiKey).toBe('sim-key');
  } finally {
    await session.close();
  }

  const text = await readFile(keyFile, 'utf8');
  expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
  const fresh = text.split('\n')[0] ?? '';
  expect(fresh.startsWith(`${key}:`)).toBe(true);
  const ledger = openLedger({
    url: installation.environment['CDI_LEDGER_URL'] ?? '',
    keyring: parseKeyring(fresh),
    connections: 1,
  });
  try {
    expect(await ledger.sealedValues.countByKey()).toEqual(new Map([[key, 2 + ROWS / 50]]));
    expect((await ledger.rejectedRows.list('rotated', { limit: ROWS })).length).toBe(ROWS / 50);
    expect((await ledger.definitions.workspace('main')).apiKey).toBe('sim-key');
    expect((await ledger.definitions.credential('source')).secrets['password']).toBe(
      installation.environment['SOURCE_PASSWORD'],
    );
  } finally {
    await ledger.close();
  }
});

test('then the former key can go, and a worker that knows the new one alone goes on', async () => {
  const text = await readFile(keyFile, 'utf8');
  await writeFile(keyFile, `${text.split('\n')[0]}\n`);
  await worker.stop();
  worker = await installation.startWorker();
  await expect(runToEnd(installation.session, 'rotated')).resolves.toMatchObject({
    status: 'success',
    counts: { read: 0 },
  });
});

test('what no key opens is said, and left as it is', async () => {
  await writeFile(keyFile, `other:${Buffer.alloc(32, 7).toString('base64')}\n`);
  const failed = await cli('key', 'rotate', '--no-new-key');
  expect(failed).toMatchObject({ code: 1 });
  expect(failed.stderr).toContain('put the key they are under back into the key file');
});

test('without a key file it says what to do', async () => {
  const refused = await runCli(
    { ...installation.environment, CDI_KEY: `k:${Buffer.alloc(32, 1).toString('base64')}` },
    ['key', 'rotate'],
  );
  expect(refused).toMatchObject({ code: 2 });
  expect(refused.stderr).toContain('put a new one first there');
});
