/** `cdi doctor` against an installation, as it comes and with parts of it out of order. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Finding } from '../../../model/doctor.ts';
import { type SpawnedMailCatcher, spawnMailCatcher } from '../../mail-catcher/mail-catcher-client.ts';
import { jsonOf, runCli } from '../../support/cli-process.ts';
import { type Installation, install } from '../../support/installation.ts';

let installation: Installation;
let mail: SpawnedMailCatcher;

beforeAll(async () => {
  mail = await spawnMailCatcher();
  installation = await install('doctor', { smtpUrl: mail.smtp });
  installation.environment['CDI_EGRESS_ADDRESSES'] = '203.0.113.7';
  await installation.startWorker();
  for (const [name, data_type] of [
    ['attributes', 'attributes'],
    ['deletes', 'user_deletes'],
    ['catalog', 'catalog'],
  ] as const) {
    await installation.declare({
      name,
      data_type,
      table: name,
      ...(data_type === 'catalog' ? { catalog: 'shoes' } : {}),
    });
  }
});

afterAll(async () => {
  await installation[Symbol.asyncDispose]();
  await mail.kill();
});

beforeEach(async () => {
  await installation.braze.client.reset();
  await installation.braze.client.putCatalog({ name: 'shoes', fields: [{ name: 'id', type: 'string' }] });
});

async function doctor(
  environment: Record<string, string> = {},
): Promise<{ code: number | null; asks: string[]; checks: string[] }> {
  const result = await runCli({ ...installation.environment, ...environment }, ['doctor', '--json']);
  const { findings } = jsonOf<{ findings: Finding[] }>(result);
  for (const { level, action } of findings) expect(action === undefined).toBe(level === 'ok');
  return {
    code: result.code,
    checks: findings.map(({ check }) => check),
    asks: findings
      // How full a disk is, and whether somebody applied definitions here, is not this test's matter.
      .filter(({ check, level }) => level !== 'ok' && check !== 'staging' && check !== 'maintenance')
      .map(({ check, message }) => `${check}: ${message}`),
  };
}

const SEARCH_ATTRIBUTES = /^search attributes/;

test('it looks at every part, sends nothing, and finds the installation well', async () => {
  const { checks, asks } = await doctor();
  expect(asks.filter((line) => !SEARCH_ATTRIBUTES.test(line))).toEqual([]);
  expect([...new Set(checks)].sort()).toEqual(
    [
      ...['command line', 'ledger', 'migrations', 'clock', 'encryption key', 'temporal', 'search attributes'],
      ...[
        'maintenance',
        'worker',
        'versions',
        'worker keys',
        'clock of the ledger',
        'staging',
        'mail',
        'egress',
      ],
      ...['workspace main', 'clock of main'],
    ].sort(),
  );
  const { applied, received } = await installation.braze.client.state();
  expect([...Object.values(applied), ...Object.values(received)].every((count) => count === 0)).toBe(true);
});

test('a key that lacks permissions, or is refused, and a catalog that is missing', async () => {
  await installation.braze.client.setKeys([{ key: 'sim-key', permissions: ['users.track'] }]);
  const narrow = await doctor();
  expect(narrow.code).toBe(1);
  expect(narrow.asks).toEqual(
    expect.arrayContaining([
      'workspace main: The key lacks users.delete.',
      'workspace main: The key lacks catalogs.replace_items.',
      'workspace main: The key lacks catalogs.delete_items.',
    ]),
  );
  await installation.braze.client.reset();
  expect((await doctor()).asks).toContain('workspace main: There is no catalog shoes.');
  await installation.braze.client.setKeys([{ key: 'sim-key', revoked: true }]);
  expect((await doctor()).asks).toContain(`workspace main: ${installation.braze.url} refuses the API key.`);
});

test('what is out of reach is named, and the rest is looked at all the same', async () => {
  await mail.kill();
  expect((await doctor()).asks).toContain('mail: The mail server cannot be reached.');
  const away = await doctor({ TEMPORAL_ADDRESS: '127.0.0.1:9' });
  expect(away).toMatchObject({ code: 1, checks: expect.arrayContaining(['ledger', 'temporal']) as string[] });
  const noLedger = new URL(installation.environment['CDI_LEDGER_URL'] ?? '');
  noLedger.port = '9';
  expect(await doctor({ CDI_LEDGER_URL: noLedger.href })).toMatchObject({
    code: 1,
    asks: expect.arrayContaining(['ledger: It cannot be examined (ECONNREFUSED).']) as string[],
  });
  const other = await doctor({ CDI_KEY: `other:${Buffer.alloc(32, 1).toString('base64')}` });
  expect(other.asks).toEqual(
    expect.arrayContaining([
      'encryption key: 2 values of the ledger are under the key test, which is not at hand.',
      'worker keys: The worker encrypts under test, this command line under other.',
    ]),
  );
});
