import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { defineSearchAttributeKey, TypedSearchAttributes } from '@temporalio/common';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { claimPort } from '../../../client/embedded/claim-port.ts';
import { isRunning } from '../../../client/embedded/process-identity.ts';
import { StartError } from '../../../client/embedded/start-error.ts';
import type { TemporalCli } from '../../../client/embedded/temporal-cli.ts';
import { startTemporalServer, type RunningTemporalServer } from '../../../client/embedded/temporal-server.ts';

const cli = inject('temporalCli');
let folder: string;
let dbFile: string;
let said: string[];
let started: RunningTemporalServer[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cdi-temporal-'));
  dbFile = join(folder, 'temporal', 'temporal.db');
  said = [];
  started = [];
});

afterEach(async () => {
  for (const server of started) await server.stop();
  await rm(folder, { recursive: true, force: true });
});

async function start(as: TemporalCli = cli): Promise<RunningTemporalServer> {
  const server = await startTemporalServer({
    cli: as,
    dbFile,
    ip: '127.0.0.1',
    port: await claimPort(0, ''),
    uiPort: await claimPort(0, ''),
    namespace: 'default',
    log: join(folder, 'temporal.log'),
    say: (line) => said.push(line),
  });
  started.push(server);
  return server;
}

async function withClient<Result>(
  server: RunningTemporalServer,
  use: (client: Client) => Promise<Result>,
): Promise<Result> {
  const connection = await Connection.connect({ address: server.address });
  try {
    return await use(new Client({ connection }));
  } finally {
    await connection.close();
  }
}

const createSchedule = (server: RunningTemporalServer): Promise<unknown> =>
  withClient(server, (client) =>
    client.schedule.create({
      scheduleId: 'sync/orders',
      spec: { intervals: [{ every: '1h' }] },
      action: { type: 'startWorkflow', workflowType: 'scheduledSync', taskQueue: 'nobody' },
      typedSearchAttributes: new TypedSearchAttributes([
        { key: defineSearchAttributeKey('SyncName', 'KEYWORD'), value: 'orders' },
        { key: defineSearchAttributeKey('RowsRejected', 'INT'), value: 0 },
      ]),
    }),
  );

const schedules = (server: RunningTemporalServer): Promise<string[]> =>
  withClient(server, async (client) => {
    const ids: string[] = [];
    for await (const { scheduleId } of client.schedule.list()) ids.push(scheduleId);
    return ids;
  });

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

test('a new database is said to be so, with search attributes and UI; a second start finds a schedule again', async () => {
  const first = await start();
  expect(first.rebuilt).toBe(true);
  expect((await fetch(first.uiUrl)).status).toBe(200);
  await createSchedule(first);
  await first.stop();
  expect(await isRunning(first)).toBe(false);

  const second = await start();
  expect(second.rebuilt).toBe(false);
  await expect.poll(() => schedules(second), { timeout: 10_000 }).toEqual(['sync/orders']);
  expect(said).toEqual([]);
});

test('a database of another version of the CLI is put aside, with a word about it, and a new one is begun', async () => {
  const first = await start({ ...cli, version: '1.5.0' });
  await createSchedule(first);
  await first.stop();

  const second = await start();
  expect(second.rebuilt).toBe(true);
  expect(await schedules(second)).toEqual([]);
  expect(said).toHaveLength(1);
  expect(said[0]).toContain(`by version 1.5.0 of the CLI, this is ${cli.version}`);
  expect(said[0]).toContain(`${dbFile}.old`);
  expect(await isThere(`${dbFile}.old`)).toBe(true);
  await second.stop();

  expect((await start()).rebuilt).toBe(false);
});

test('a server that cannot use its database answers with the end of its log', async () => {
  await (await start()).stop();
  await rm(`${dbFile}-wal`, { force: true });
  await writeFile(dbFile, 'this is not a database, and long enough to be looked at as one');
  const error: unknown = await start().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(StartError);
  expect((error as StartError).message).toMatch(
    /The Temporal server did not start[^]*temporal\.log ends with:\n.+/,
  );
});
