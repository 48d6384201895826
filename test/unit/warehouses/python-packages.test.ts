import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { runProgram } from '../../../bench/run-program.ts';
import { pythonPackages } from '../../warehouses/python-packages.ts';

let home: string;
let cache: string;
let wheel: string;

const MAKE_WHEEL = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as wheel:
    wheel.writestr("greeting.py", "text = 'hello'")
    info = "greeting-1.0.dist-info/"
    wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: greeting\\nVersion: 1.0\\n")
    wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(info + "RECORD", "")
`;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'cdi-python-'));
  wheel = join(home, 'greeting-1.0-py3-none-any.whl');
  await runProgram('python3', ['-c', MAKE_WHEEL, wheel]);
});

beforeEach(async () => {
  cache = await mkdtemp(join(home, 'cache-'));
  await mkdir(cache, { recursive: true });
});

afterAll(() => rm(home, { recursive: true, force: true }));

/** A lock file for the wheel, with its right hash or another one. */
async function requirements(hash?: string): Promise<URL> {
  const right = createHash('sha256')
    .update(await readFile(wheel))
    .digest('hex');
  const file = join(cache, 'requirements.txt');
  await writeFile(file, `greeting @ ${pathToFileURL(wheel).href} --hash=sha256:${hash ?? right}\n`);
  return pathToFileURL(file);
}

const foldersOf = async (name: string): Promise<string[]> =>
  (await readdir(cache)).filter((entry) => entry.startsWith(name));

test('installs once, and Python then sees the packages', { timeout: 60_000 }, async () => {
  const packages = { name: 'greeting', requirements: await requirements(), cache };
  const [first, second] = await Promise.all([pythonPackages(packages), pythonPackages(packages)]);
  expect(second.folder).toBe(first.folder);
  expect(await foldersOf('greeting')).toHaveLength(1);
  const { python, environment } = first;
  const said = await runProgram(python, ['-c', 'import greeting; print(greeting.text)'], {
    env: { ...process.env, ...environment },
  });
  expect(said.trim()).toBe('hello');
});

test('leaves nothing of what has another hash, and says how to get it', { timeout: 60_000 }, async () => {
  const packages = { name: 'greeting', requirements: await requirements('0'.repeat(64)), cache };
  await expect(pythonPackages(packages)).rejects.toThrow(
    /greeting could not be installed: .*Expected sha256 [^]*to try by hand: python3 -m pip install --requirement/i,
  );
  expect(await foldersOf('greeting')).toEqual([]);
});

test('says that Python is missing', async () => {
  const packages = { name: 'greeting', requirements: await requirements(), cache, python: 'no-python' };
  await expect(pythonPackages(packages)).rejects.toThrow(
    'greeting needs Python 3.10 or newer with pip: no-python is missing',
  );
});
