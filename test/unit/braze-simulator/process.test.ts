import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RecordedRequest } from '../../braze-simulator/control-types.ts';
import { spawnBrazeSimulator } from '../../braze-simulator/simulator-client.ts';
import type { SpawnOptions, SpawnedBrazeSimulator } from '../../braze-simulator/simulator-client.ts';
import { event, users } from './use-simulator.ts';

let folder = '';
let simulator: SpawnedBrazeSimulator | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'simulator-'));
});
afterEach(async () => {
  await simulator?.kill();
  await rm(folder, { recursive: true });
});

async function start(options: SpawnOptions = {}): Promise<SpawnedBrazeSimulator> {
  simulator = await spawnBrazeSimulator(options);
  return simulator;
}

function track(url: string, body: unknown, key = 'sim-key'): Promise<Response> {
  return fetch(`${url}/users/track`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
}

describe('the simulator as a process', () => {
  it('delays answers, appends its record to a file, and knows its workspaces', async () => {
    const recordFile = join(folder, 'record.ndjson');
    const workspacesFile = join(folder, 'workspaces.json');
    await writeFile(workspacesFile, JSON.stringify([{ name: 'eu', keys: [{ key: 'eu-key' }] }]));
    const { url, client, kill } = await start({ latencyMs: 50, recordFile, workspacesFile });
    const started = performance.now();
    expect((await track(url, { attributes: users(2) }, 'eu-key')).status).toBe(201);
    expect(performance.now() - started).toBeGreaterThan(45);
    expect((await client.for('eu').state()).profiles).toBe(2);
    await kill();
    const lines = (await readFile(recordFile, 'utf8')).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as RecordedRequest)).toMatchObject([
      { seq: 1, workspace: 'eu', status: 201, identities: ['external_id:user-0', 'external_id:user-1'] },
    ]);
  });

  it('only counts in fast mode', async () => {
    const { url, client } = await start({ fast: true });
    const body = { attributes: users(40), events: users(35).map(({ external_id }) => event(external_id)) };
    const reply = await track(url, body);
    expect(reply.status).toBe(201);
    expect(reply.headers.get('x-ratelimit-remaining')).toBe('2999');
    expect(await reply.json()).toEqual({
      message: 'success',
      attributes_processed: 40,
      events_processed: 35,
    });
    expect((await track(url, body)).status).toBe(201);
    expect((await track(url, { attributes: users(76) })).status).toBe(400);
    expect((await track(url, body, 'wrong')).status).toBe(401);
    expect(await client.state()).toMatchObject({
      requests: { 'POST /users/track': { 201: 2, 400: 1, 401: 1 } },
      uniqueRequests: 2,
      received: { attributes: 156, events: 70 },
      applied: { attributes: 80, events: 70 },
      profiles: 0,
      events: 0,
    });
    expect(await client.record()).toEqual([]);
  });

  it('misbehaves in fast mode too', async () => {
    const { url, client } = await start({ fast: true });
    await client.setScript([{ match: { everyNth: 2 }, action: { type: '5xx_before', status: 502 } }]);
    const statuses = [];
    for (let request = 0; request < 4; request += 1) {
      statuses.push((await track(url, { attributes: users(1) })).status);
    }
    expect(statuses).toEqual([201, 502, 201, 502]);
  });
});
