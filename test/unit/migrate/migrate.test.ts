/** `cdi migrate` against a simulated Braze. */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { migrateHosted, type MigrateOptions } from '../../../client/commands/migrate.ts';
import { parseDefinitions } from '../../../client/definitions/parse-definitions.ts';
import type { IntegrationDefinition } from '../../braze-simulator/control-types.ts';
import { silentOutput } from '../../support/silent-output.ts';
import { useSimulator } from '../braze-simulator/use-simulator.ts';

const simulator = useSimulator();

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cdi-migrate-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const idOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const integration = (n: number, more: Partial<IntegrationDefinition> = {}): IntegrationDefinition => ({
  integration_id: idOf(n),
  integration_name: `Sync ${n}`,
  integration_type: 'attributes',
  warehouse_type: 'snowflake',
  contact_emails: 'team@example.com',
  last_updated_at: `2026-01-01T00:00:${String(n).padStart(2, '0')}Z`,
  ...more,
});

async function migrate(
  options: Partial<MigrateOptions> = {},
  json = false,
): Promise<ReturnType<typeof silentOutput>> {
  const output = silentOutput(json);
  await migrateHosted(output, folder, {
    endpoint: simulator.url(),
    apiKey: '${env:KEY}',
    env: { KEY: 'sim-key' },
    workspace: 'main',
    ...options,
  });
  return output;
}

test('every integration of every page becomes a file that only the owner may read', async () => {
  await simulator.client().setIntegrations(Array.from({ length: 23 }, (_, n) => integration(n)));
  const { printed } = await migrate();
  const files = await readdir(folder);
  expect(files).toHaveLength(23);
  for (let n = 0; n < 23; n += 1) {
    const path = join(folder, `sync-${n}.yaml`);
    const text = await readFile(path, 'utf8');
    expect(text).toContain(idOf(n));
    expect(text).toContain(`start_from: 2026-01-01T00:00:${String(n).padStart(2, '0')}Z`);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const parsed = parseDefinitions([{ name: 'sync.yaml', text }], { workspaces: ['main'], credentials: [] });
    expect(parsed.valid).toBe(false);
  }
  expect(printed.at(-1)).toContain(
    '2. Pause the integration in Braze, and wait until its last job has ended.',
  );
  expect(printed.at(-1)).not.toContain('one microsecond later');
});

test('a second call renews start_from in files that were filled in and renamed', async () => {
  await simulator.client().setIntegrations([integration(1)]);
  await migrate();
  const filled = (await readFile(join(folder, 'sync-1.yaml'), 'utf8')).replace('table:', 'table: USERS');
  await rm(join(folder, 'sync-1.yaml'));
  await writeFile(join(folder, 'mine.yaml'), filled);
  expect(JSON.parse((await migrate({}, true)).printed.join('')) as object).toMatchObject({
    files: [{ file: 'mine.yaml', change: 'none' }],
  });
  await simulator
    .client()
    .setIntegrations([integration(1, { last_updated_at: '2026-01-02T00:00:00.000001Z' })]);
  expect(JSON.parse((await migrate({}, true)).printed.join('')) as object).toMatchObject({
    files: [{ file: 'mine.yaml', change: 'start_from', startFrom: '2026-01-02T00:00:00.000001Z' }],
  });
  expect(await readdir(folder)).toEqual(['mine.yaml']);
  expect(await readFile(join(folder, 'mine.yaml'), 'utf8')).toBe(
    filled.replace('2026-01-01T00:00:01Z', '2026-01-02T00:00:00.000001Z'),
  );
});

test('the hand-over names a job under way, and what events ask for', async () => {
  const job = {
    job_status: 'running',
    sync_start_time: '2026-01-02T00:00:00Z',
    sync_finish_time: '',
    last_timestamp_synced: '',
    rows_synced: 0,
    rows_failed_with_errors: 0,
  };
  await simulator.client().setIntegrations([integration(1, { integration_type: 'events', jobs: [job] })]);
  const { printed } = await migrate();
  expect(printed.at(-1)).toContain('A job is under way now: sync-1.yaml.');
  expect(printed.at(-1)).toContain('set `start_from` one microsecond later');
});

test('a rate limit is waited for', async () => {
  await simulator.client().setIntegrations([integration(1)]);
  await simulator
    .client()
    .setScript([
      { match: { path: '/cdi/' }, times: 1, action: { type: '429', style: 'retry_after', seconds: 1 } },
    ]);
  expect((await migrate()).said).toEqual(['Braze asks to wait: 1 s …']);
  expect(await readdir(folder)).toEqual(['sync-1.yaml']);
});

test('what is wrong is said, and nothing is written', async () => {
  await simulator.client().setIntegrations([integration(1)]);
  await simulator.client().setKeys([{ key: 'narrow', permissions: ['cdi.integration_list'] }]);
  await expect(migrate({ env: { KEY: 'wrong' } })).rejects.toThrow('Braze refused the API key');
  await expect(migrate({ env: { KEY: 'narrow' } })).rejects.toThrow('cdi.integration_job_status');
  await expect(migrate({ apiKey: 'sim-key' })).rejects.toThrow('never the key itself');
  await expect(migrate({ env: {} })).rejects.toThrow('the environment variable KEY is not set');
  await expect(migrate({ endpoint: 'rest.iad-01.braze.com' })).rejects.toThrow('--endpoint');
  await expect(migrate({ endpoint: 'http://127.0.0.1:9' })).rejects.toThrow('does not answer');
  expect(await readdir(folder)).toEqual([]);
});

test('a file that is not of an integration is never written over', async () => {
  await simulator.client().setIntegrations([integration(1)]);
  await writeFile(join(folder, 'sync-1.yaml'), 'kind: sync\n');
  await expect(migrate()).rejects.toThrow('is there already');
  expect(await readFile(join(folder, 'sync-1.yaml'), 'utf8')).toBe('kind: sync\n');
});
