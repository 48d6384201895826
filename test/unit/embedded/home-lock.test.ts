import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startOf } from '../../../client/embedded/process-identity.ts';
import { lockHolder, takeLock } from '../../../client/up/home-lock.ts';

let folder: string;
let lock: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cdi-lock-'));
  lock = join(folder, 'lock');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

test('is held until it is given back, and says by whom', async () => {
  const release = await takeLock(lock);
  expect((await lockHolder(lock))?.pid).toBe(process.pid);
  await expect(takeLock(lock)).rejects.toThrow(`process ${process.pid} holds ${lock}`);
  await release();
  expect(await lockHolder(lock)).toBe(undefined);
  await (
    await takeLock(lock)
  )();
  expect(await readdir(folder)).toEqual([]);
});

test.each([
  ['of a process that has ended', async () => ({ pid: await endedProcess(), start: '1' })],
  [
    'of an earlier process with an id that is in use again',
    async () => ({ pid: process.pid, start: 'before' }),
  ],
  ['that is damaged', async () => 'what'],
])('a lock %s is taken over', async (_, content) => {
  await writeFile(lock, JSON.stringify(await content()));
  await takeLock(lock);
  expect(await lockHolder(lock)).toEqual({ pid: process.pid, start: await startOf(process.pid) });
  expect(await readdir(folder)).toEqual(['lock']);
});

async function endedProcess(): Promise<number> {
  const child = spawn('true');
  await once(child, 'exit');
  return child.pid ?? 0;
}
