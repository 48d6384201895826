import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { formatProblem } from '../../../client/definitions/definition-problem.ts';
import { loadDefinitions } from '../../../client/definitions/load-definitions.ts';

const workspace = (name: string): string =>
  `kind: workspace\nname: ${name}\nendpoint: https://rest.iad-01.braze.com\napi_key: \${env:KEY}\n`;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cdi-definitions-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function write(name: string, text: string): Promise<void> {
  await mkdir(join(folder, name, '..'), { recursive: true });
  await writeFile(join(folder, name), text);
}

async function problems(path: string): Promise<string[]> {
  const loaded = await loadDefinitions(path);
  return loaded.valid ? [] : loaded.problems.map(formatProblem);
}

it('reads .yaml and .yml of all folders, but nothing hidden and nothing else', async () => {
  await write('b.yaml', workspace('b'));
  await write('a/deep/a.yml', workspace('a'));
  await write('.git/hidden.yaml', 'kind: nonsense');
  await write('.hidden.yaml', 'kind: nonsense');
  await write('README.md', 'kind: nonsense');
  const loaded = await loadDefinitions(folder);
  expect(loaded.valid && loaded.definitions.workspaces.map(({ name }) => name)).toEqual(['a', 'b']);
});

it('reads one file alone', async () => {
  await write('a.yaml', workspace('a'));
  await write('b.yaml', 'kind: nonsense');
  expect((await loadDefinitions(join(folder, 'a.yaml'))).valid).toBe(true);
  expect(await problems(join(folder, 'b.yaml'))).toEqual([expect.stringMatching(/^b\.yaml:1: kind/)]);
});

it('follows a link to a file, as mounted configuration has them', async () => {
  await write('..data/a.yaml', workspace('a'));
  await symlink(join(folder, '..data', 'a.yaml'), join(folder, 'a.yaml'));
  const loaded = await loadDefinitions(folder);
  expect(loaded.valid && loaded.definitions.workspaces).toHaveLength(1);
});

it('names files relative to the folder', async () => {
  await write('syncs/a.yaml', workspace('A'));
  expect(await problems(folder)).toEqual([expect.stringMatching(/^syncs\/a\.yaml:2: name: is not valid/)]);
});

it('tells of a folder that is missing or empty, and of a file that cannot be read', async () => {
  expect(await problems(join(folder, 'absent'))).toEqual([
    expect.stringContaining('cannot be read (ENOENT)'),
  ]);
  expect(await problems(folder)).toEqual([expect.stringContaining('holds no definition file')]);
  await symlink(join(folder, 'nowhere'), join(folder, 'a.yaml'));
  await write('b.yaml', workspace('B'));
  expect(await problems(folder)).toEqual([
    'a.yaml: cannot be read (ENOENT)',
    expect.stringMatching(/^b\.yaml:2/),
  ]);
});
