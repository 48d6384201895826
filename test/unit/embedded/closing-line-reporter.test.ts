import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cdi-reporter-'));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  await writeFile(join(folder, 'vitest.config.mjs'), 'export default {};');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** Runs vitest on test files of its own. @returns what the reporter counted. */
async function count(files: Record<string, string>): Promise<unknown> {
  for (const [name, text] of Object.entries(files)) {
    await writeFile(
      join(folder, `${name}.test.mjs`),
      `import { beforeAll, describe, test } from 'vitest';\n${text}`,
    );
  }
  const result = join(folder, 'result.json');
  const reporter = join(root, 'test/support/closing-line-reporter.ts');
  const args = [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--root',
    folder,
    `--reporter=${reporter}`,
  ];
  const env = { ...process.env, CDI_TEST_RESULT: result };
  await new Promise((resolve) => execFile(process.execPath, args, { env, cwd: folder }, resolve));
  return JSON.parse(await readFile(result, 'utf8'));
}

test('counts what passed, what failed, and as failed what did not run', async () => {
  expect(
    await count({
      mixed: `test('passes', () => {});
        test('fails', () => { throw new Error('no'); });
        test.skip('is skipped', () => {});
        test.todo('is planned');
        describe('suite', () => {
          beforeAll(() => { throw new Error('no'); });
          test('cannot run', () => {});
        });`,
      broken: `throw new Error('the file does not load');`,
      passing: `test('passes', () => {});`,
      escaping: `test('passes', () => { void Promise.reject(new Error('nobody catches this')); });`,
    }),
  ).toEqual({ passed: 3, failed: 3 + 2 + 1 + 1 });
});

test('counts nothing when there is nothing', async () => {
  expect(await count({})).toEqual({ passed: 0, failed: 0 });
});
