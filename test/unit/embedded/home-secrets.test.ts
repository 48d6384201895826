import { mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { homeSecrets } from '../../../client/up/home-secrets.ts';
import { createHome, type Home } from '../../../client/up/home.ts';

let folder: string;
let home: Home;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cdi-home-'));
  home = await createHome(join(folder, '.cdi'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

test('are made once, for the owner alone', async () => {
  const password = await homeSecrets(home);
  const key = await readFile(home.keyFile, 'utf8');
  expect(key).toMatch(/^[0-9a-f]{8}:[A-Za-z0-9+/]{43}=\n$/);
  expect(password.length).toBeGreaterThan(20);
  for (const file of [home.keyFile, home.postgresPassword])
    expect((await stat(file)).mode & 0o777).toBe(0o600);

  expect(await homeSecrets(home)).toBe(password);
  expect(await readFile(home.keyFile, 'utf8')).toBe(key);
});

test.each(['keyFile', 'postgresPassword'] as const)(
  'a lost %s is not replaced while there is a ledger',
  async (file) => {
    await homeSecrets(home);
    await mkdir(home.postgresData);
    await rm(home[file]);
    await expect(homeSecrets(home)).rejects.toThrow(`${home[file]} is missing`);
  },
);
