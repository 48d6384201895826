/** Staging stays in its folder, and for its owner alone. */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFileStaging } from '../../../activities/staging/file-staging.ts';
import { segmentFolder, type Staging } from '../../../activities/staging/staging.ts';
import { nameSchema } from '../../../model/common-fields.ts';
import { parseKeyring } from '../../../store/keyring.ts';

let folder = '';
let root = '';
let staging: Staging;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cdi-staging-'));
  root = join(folder, 'staging');
  staging = createFileStaging(root, parseKeyring(`k:${randomBytes(32).toString('base64')}`));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const OUTSIDE = [
  '../outside/page',
  'sync/../../outside/page',
  '/etc/cdi-page',
  'sync/run/../../../outside',
  '.',
  '',
];

test.each(OUTSIDE)('the reference "%s" is neither written, read nor removed', async (reference) => {
  await mkdir(join(folder, 'outside'));
  await writeFile(join(folder, 'outside', 'page'), 'mine');
  const refused = { type: 'internal', message: 'A staging reference leaves the staging folder.' };
  await expect(staging.write(reference, Buffer.from('x'))).rejects.toMatchObject(refused);
  await expect(staging.read(reference)).rejects.toThrow();
  await expect(staging.remove(reference)).rejects.toMatchObject(refused);
  expect(await readFile(join(folder, 'outside', 'page'), 'utf8')).toBe('mine');
  expect(await readdir(folder)).toEqual(['outside']);
});

test.each(['../x', 'a/b', 'a\\b', '.', '..', 'a\0b', 'A', '', 'a.b', '%2e%2e', ' a'])(
  'the name "%s" is no name of a sync, so none leads elsewhere',
  (name) => {
    expect(nameSchema.safeParse(name).success).toBe(false);
  },
);

test('folders and files are for their owner alone, whatever the umask', async () => {
  const umask = process.umask(0);
  try {
    const place = segmentFolder({ sync: 's', run: 'r', epoch: 1, segment: 1 }, 1);
    await staging.write(`${place}/page-1.rows`, Buffer.from('a row'));
    for (const path of ['', 's', 's/r', place]) {
      expect((await stat(join(root, path))).mode & 0o777, path).toBe(0o700);
    }
    expect((await stat(join(root, place, 'page-1.rows'))).mode & 0o777).toBe(0o600);
    expect((await readFile(join(root, place, 'page-1.rows'))).includes('a row')).toBe(false);
  } finally {
    process.umask(umask);
  }
});

test('a page is sealed for its place: one that is moved to another is not read there', async () => {
  await staging.write('s/r/1-1-1/page-1.rows', Buffer.from('x'));
  await mkdir(join(root, 's/r/1-2-1'), { recursive: true });
  await writeFile(join(root, 's/r/1-2-1/page-1.rows'), await readFile(join(root, 's/r/1-1-1/page-1.rows')));
  await expect(staging.read('s/r/1-2-1/page-1.rows')).rejects.toMatchObject({ type: 'staging_lost' });
});
