/** Every staging keeps the same promises: a local folder, and a bucket of SeaweedFS. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createFileStaging } from '../../../activities/staging/file-staging.ts';
import { createS3Staging, s3Failure } from '../../../activities/staging/s3-staging.ts';
import type { Staging } from '../../../activities/staging/staging.ts';
import type { StagingBucket } from '../../../model/staging-place.ts';
import { type Keyring, parseKeyring } from '../../../store/keyring.ts';
import { type Seaweedfs, startSeaweedfs } from '../../support/seaweedfs/start-seaweedfs.ts';

const newKeyring = (): Keyring => parseKeyring(`k:${randomBytes(32).toString('base64')}`);
const keyring = newKeyring();
const HOUR_MS = 3_600_000;
const PLAIN = 'ada@example.com';

/** What the tests do to a staging from outside. */
interface Place {
  readonly name: string;
  open(keyring: Keyring, folder: string): Promise<Staging>;
  /** What lies there, under its reference. */
  stored(folder: string): Promise<Map<string, Buffer>>;
  put(folder: string, reference: string, bytes: Buffer): Promise<void>;
}

let seaweedfs: Seaweedfs;
let root: string;
let number = 0;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cdi-stagings-'));
  seaweedfs = await startSeaweedfs();
  vi.stubEnv('AWS_ACCESS_KEY_ID', seaweedfs.credentials.accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', seaweedfs.credentials.secretAccessKey);
  await seaweedfs.createBucket('pages');
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await seaweedfs[Symbol.asyncDispose]();
  await rm(root, { recursive: true, force: true });
});

const unexpected = (error: Error): void => {
  throw error;
};

const bucket = (prefix: string, more: Partial<StagingBucket> = {}): StagingBucket => ({
  kind: 'bucket',
  bucket: 'pages',
  prefix,
  endpoint: seaweedfs.endpoint,
  region: undefined,
  pathStyle: true,
  encryption: undefined,
  kmsKey: undefined,
  ...more,
});

const folderPlace: Place = {
  name: 'a local folder',
  open: async (ring, folder) => createFileStaging(join(root, folder), ring),
  stored: async (folder) => {
    const files = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
    const found = files
      .filter((file) => file.isFile())
      .map(async (file) => {
        const path = join(file.parentPath, file.name);
        return [path.slice(join(root, folder).length + 1), await readFile(path)] as const;
      });
    return new Map(await Promise.all(found));
  },
  put: async (folder, reference, bytes) => writeFile(join(root, folder, reference), bytes),
};

const bucketPlace: Place = {
  name: 'a bucket',
  open: async (ring, folder) => createS3Staging(bucket(folder), ring, unexpected),
  stored: async (folder) => {
    const listed = await seaweedfs.client.send(
      new ListObjectsV2Command({ Bucket: 'pages', Prefix: `${folder}/` }),
    );
    const found = (listed.Contents ?? []).map(async ({ Key = '' }) => {
      const { Body } = await seaweedfs.client.send(new GetObjectCommand({ Bucket: 'pages', Key }));
      return [Key.slice(folder.length + 1), Buffer.from((await Body?.transformToByteArray()) ?? [])] as const;
    });
    return new Map(await Promise.all(found));
  },
  put: async (folder, reference, bytes) => {
    await seaweedfs.client.send(
      new PutObjectCommand({ Bucket: 'pages', Key: `${folder}/${reference}`, Body: bytes }),
    );
  },
};

describe.each([folderPlace, bucketPlace])('$name', (place) => {
  async function open(): Promise<{ staging: Staging; folder: string }> {
    number += 1;
    const folder = `staging-${number}`;
    const staging = await place.open(keyring, folder);
    return { staging, folder };
  }

  test('gives back what was stored, whatever its size; storing again replaces', async () => {
    const { staging } = await open();
    for (const size of [0, 1, 70_000, 9_000_000]) {
      const page = randomBytes(size);
      await staging.write('s/r/1-1-1/0.rows', page);
      expect((await staging.read('s/r/1-1-1/0.rows')).equals(page)).toBe(true);
    }
  });

  test('holds nothing in clear', async () => {
    const { staging, folder } = await open();
    await staging.write('s/r/1-1-1/0.rows', Buffer.from(PLAIN));
    const stored = await place.stored(folder);
    expect([...stored.keys()]).toEqual(['s/r/1-1-1/0.rows']);
    expect(Buffer.concat([...stored.values()]).includes(PLAIN)).toBe(false);
  });

  test('is lost where nothing lies, where it was changed, where it was moved, and under another key', async () => {
    const { staging, folder } = await open();
    const lost = { type: 'staging_lost' };
    await expect(staging.read('s/r/1-1-1/0.rows')).rejects.toMatchObject(lost);
    await staging.write('s/r/1-1-1/0.rows', Buffer.from(PLAIN));
    const sealed = (await place.stored(folder)).get('s/r/1-1-1/0.rows') ?? Buffer.alloc(0);
    await place.put(folder, 's/r/1-1-1/1.rows', sealed);
    await expect(staging.read('s/r/1-1-1/1.rows')).rejects.toMatchObject(lost);
    await expect((await place.open(newKeyring(), folder)).read('s/r/1-1-1/0.rows')).rejects.toMatchObject(
      lost,
    );
    await place.put(folder, 's/r/1-1-1/0.rows', sealed.subarray(0, -1));
    await expect(staging.read('s/r/1-1-1/0.rows')).rejects.toMatchObject(lost);
    await place.put(folder, 's/r/1-1-1/0.rows', Buffer.alloc(0));
    await expect(staging.read('s/r/1-1-1/0.rows')).rejects.toMatchObject(lost);
  });

  test('reads the old page or the new one, never a part, while another is stored', async () => {
    const { staging } = await open();
    const pages = [0, 1].map((fill) => Buffer.alloc(3_000_000, fill));
    await staging.write('s/r/1-1-1/0.rows', pages[0] ?? Buffer.alloc(0));
    let isWriting = true;
    const writing = (async (): Promise<void> => {
      for (let round = 0; round < 6; round += 1)
        await staging.write('s/r/1-1-1/0.rows', pages[round % 2] ?? Buffer.alloc(0));
      isWriting = false;
    })();
    while (isWriting) {
      const read = await staging.read('s/r/1-1-1/0.rows');
      expect(pages.some((page) => page.equals(read))).toBe(true);
    }
    await writing;
  });

  test('removes a folder with all that is in it, and nothing beside it', async () => {
    const { staging, folder } = await open();
    const kept = ['s/r/1-1-10/0.rows', 's/run2/1-1-1/tail', 's2/r/1-1-1/tail', '.worker-a'];
    const pages = Array.from({ length: 40 }, (_unused, page) => `s/r/1-1-1/${page}.rows`);
    for (const reference of [...kept, ...pages]) await staging.write(reference, Buffer.from('x'));
    await staging.remove('s/r/1-1-1');
    expect([...(await place.stored(folder)).keys()].toSorted()).toEqual(kept.toSorted());
    await staging.remove('.worker-a');
    await staging.remove('s/r');
    await staging.remove('nothing/there');
    expect([...(await place.stored(folder)).keys()].toSorted()).toEqual([
      's/run2/1-1-1/tail',
      's2/r/1-1-1/tail',
    ]);
  });

  test('knows the folders of runs, and since when they are idle', async () => {
    const { staging } = await open();
    for (const reference of ['s/r1/1-1-1/0.rows', 's/r1/1-2-1/0.rows', 's/r2/1-1-1/tail', '.worker-a'])
      await staging.write(reference, Buffer.from('x'));
    const idle = await staging.idleRuns(-HOUR_MS);
    expect(idle.map(({ sync, run }) => `${sync}/${run}`).toSorted()).toEqual(['s/r1', 's/r2']);
    // The clocks of a storage and of this machine need not agree to the second.
    for (const { idleMs } of idle) expect(Math.abs(idleMs)).toBeLessThan(HOUR_MS);
    expect(await staging.idleRuns(HOUR_MS)).toEqual([]);
  });
});

test('a folder that was not touched for long is idle for as long', async () => {
  const staging = createFileStaging(join(root, 'old'), keyring);
  await staging.write('s/r/1-1-1/0.rows', Buffer.from('x'));
  const then = new Date(Date.now() - 2 * HOUR_MS);
  await utimes(join(root, 'old', 's', 'r'), then, then);
  expect(await staging.idleRuns(HOUR_MS)).toMatchObject([{ sync: 's', run: 'r' }]);
});

test('a file that was cut short is lost', async () => {
  const staging = createFileStaging(join(root, 'cut'), keyring);
  await staging.write('a', Buffer.alloc(1_000));
  await truncate(join(root, 'cut', 'a'), 500);
  await expect(staging.read('a')).rejects.toMatchObject({ type: 'staging_lost' });
});

describe('a storage that does not do its part', () => {
  test.each([
    ['a bucket that is not there', { bucket: 'nowhere' }, 'AccessDenied'],
    ['an address where nothing answers', { endpoint: 'http://127.0.0.1:1' }, 'ECONNREFUSED'],
  ] as const)('%s is no lost page', async (_what, more, code) => {
    const left: string[] = [];
    const staging = await createS3Staging(bucket('p', more), keyring, (error) => left.push(error.type));
    const failed = { type: 'staging_unavailable', vendorCode: code };
    await expect(staging.write('a', Buffer.from('x'))).rejects.toMatchObject(failed);
    await expect(staging.read('a')).rejects.toMatchObject({ type: 'staging_unavailable' });
    // The end of a run must not fail for it, and the orphan is swept later.
    await staging.remove('a');
    expect(left).toEqual(['staging_unavailable']);
    staging.close();
  });

  test('a key that it does not know is no lost page either', async () => {
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'another');
    const staging = await createS3Staging(bucket('p'), keyring, unexpected);
    await expect(staging.read('a')).rejects.toMatchObject({
      type: 'staging_unavailable',
      vendorCode: 'SignatureDoesNotMatch',
    });
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', seaweedfs.credentials.secretAccessKey);
    staging.close();
  });

  test('a full storage is full, by whatever name it says so', () => {
    for (const name of ['XMinioStorageFull', 'InsufficientStorage', 'QuotaExceeded', 'InsufficientCapacity'])
      expect(s3Failure(Object.assign(new Error('m'), { name }), 'w').type).toBe('staging_full');
    const answer = Object.assign(new Error('m'), { name: 'Odd', $metadata: { httpStatusCode: 507 } });
    expect(s3Failure(answer, 'w').type).toBe('staging_full');
  });

  test('what it says is not repeated', () => {
    expect(s3Failure(Object.assign(new Error(PLAIN), { name: 'Odd' }), 'A page').message).toBe(
      'A page (Odd).',
    );
  });
});

test('encryption by the storage is asked for where it is set', async () => {
  const staging = await createS3Staging(bucket('encrypted', { encryption: 'AES256' }), keyring, unexpected);
  await staging.write('a', Buffer.from(PLAIN));
  const stored = await seaweedfs.client.send(new GetObjectCommand({ Bucket: 'pages', Key: 'encrypted/a' }));
  expect(stored.ServerSideEncryption).toBe('AES256');
  expect((await staging.read('a')).toString()).toBe(PLAIN);
  staging.close();
});
