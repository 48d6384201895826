import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const script = fileURLToPath(new URL('../../../scripts/bootstrap.mjs', import.meta.url));
const INSTALLING = 'Installing npm dependencies (once) …\n';

/** A checkout with nothing installed, and a folder of programs that is all there is on PATH. */
let checkout: string;
let programs: string;

beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cdi-bootstrap-'));
  checkout = join(folder, 'checkout');
  programs = join(folder, 'programs');
  await mkdir(join(checkout, 'scripts'), { recursive: true });
  await mkdir(programs);
  await copyFile(script, join(checkout, 'scripts', 'bootstrap.mjs'));
  await lockFor('1.0.0');
  await writeFile(
    join(checkout, 'hello.ts'),
    `const to: string = process.argv[2] ?? ''; console.log('hello', to);`,
  );
  await symlink(process.execPath, join(programs, 'node'));
});

afterEach(() => rm(join(checkout, '..'), { recursive: true, force: true }));

const packagesOf = (version: string): string =>
  JSON.stringify({
    packages: {
      '': { name: 'braze-cdi' },
      'node_modules/pg': { version, integrity: `sha512-${version}` },
      'node_modules/other-platform': { version, integrity: 'sha512-other', optional: true },
    },
  });

const lockFor = (version: string): Promise<void> =>
  writeFile(join(checkout, 'package-lock.json'), packagesOf(version));

/** An npm that notes its calls and makes node_modules afresh, as \`npm ci\` does. */
async function fakeNpm(ci = 'exit 0'): Promise<void> {
  const path = join(programs, 'npm');
  const script = `#!/bin/sh
    [ "$1" = ci ] || exit 0
    echo "$@" >> ${checkout}/../calls
    /bin/rm -rf node_modules; /bin/sleep 0.3; /bin/mkdir node_modules
    ${ci}\n`;
  await writeFile(path, script);
  await chmod(path, 0o755);
}

const calls = async (): Promise<number> =>
  (await readFile(join(checkout, '..', 'calls'), 'utf8').catch(() => '')).split('\n').length - 1;

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function start(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(checkout, 'scripts', 'bootstrap.mjs'), ...args],
      { env: { PATH: [programs].join(delimiter) } },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

test('installs once, with a line about it, and runs TypeScript with its arguments', async () => {
  await fakeNpm();
  expect(await start('hello.ts', 'you')).toEqual({ code: 0, stdout: 'hello you\n', stderr: INSTALLING });
  expect(await start('hello.ts', 'again')).toEqual({ code: 0, stdout: 'hello again\n', stderr: '' });
  expect(await calls()).toBe(1);
});

test('installs again for another lock', async () => {
  await fakeNpm();
  await start('hello.ts');
  await lockFor('1.0.1');
  expect((await start('hello.ts')).stderr).toBe(INSTALLING);
  expect(await calls()).toBe(2);
});

test('leaves alone what was installed by hand for this lock', async () => {
  await fakeNpm();
  await mkdir(join(checkout, 'node_modules'));
  const installed = JSON.parse(packagesOf('1.0.0')) as { packages: Record<string, unknown> };
  delete installed.packages['node_modules/other-platform'];
  await writeFile(join(checkout, 'node_modules', '.package-lock.json'), JSON.stringify(installed));
  expect((await start('hello.ts')).stderr).toBe('');
  await lockFor('1.0.1');
  expect((await start('hello.ts')).stderr).toBe(INSTALLING);
});

test('several starts at once install once', async () => {
  await fakeNpm();
  const ends = await Promise.all([start('hello.ts'), start('hello.ts'), start('hello.ts')]);
  expect(ends.map(({ code }) => code)).toEqual([0, 0, 0]);
  expect(await calls()).toBe(1);
});

test('the lock of an installation that was killed is taken over', async () => {
  await fakeNpm();
  await mkdir(join(checkout, '.cdi', 'npm-ci.lock'), { recursive: true });
  await writeFile(join(checkout, '.cdi', 'npm-ci.lock', 'pid'), '999999999');
  expect((await start('hello.ts')).code).toBe(0);
});

test('an installation that fails is tried a second time', async () => {
  await fakeNpm(`[ -e ${checkout}/../failed ] && exit 0; : > ${checkout}/../failed; exit 1`);
  expect((await start('hello.ts')).code).toBe(0);
  expect(await calls()).toBe(2);
});

test('one that fails twice ends with what npm said, and is not taken for done', async () => {
  await fakeNpm('echo "npm error ENOTFOUND" >&2; exit 1');
  const { code, stderr } = await start('hello.ts');
  expect(code).toBe(1);
  expect(stderr).toContain('npm error ENOTFOUND\nnpm dependencies could not be installed');
  expect((await start('hello.ts')).stderr).toContain(INSTALLING);
});

test('says in a sentence how to get npm when it is missing', async () => {
  expect(await start('hello.ts')).toEqual({
    code: 1,
    stdout: '',
    stderr: 'npm is missing. Install Node.js 20 or newer with npm from https://nodejs.org.\n',
  });
});

test('ends with the exit code of what it runs', async () => {
  await fakeNpm();
  await writeFile(join(checkout, 'fails.ts'), 'process.exit(7);');
  expect((await start('fails.ts')).code).toBe(7);
  await writeFile(join(checkout, 'killed.ts'), `process.kill(process.pid, 'SIGKILL');`);
  expect((await start('killed.ts')).code).toBe(137);
});
