import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { commandOf, isRunning, startOf } from '../../../client/embedded/process-identity.ts';

let child: ChildProcess | undefined;

afterEach(() => child?.kill('SIGKILL'));

async function sleeper(): Promise<number> {
  child = spawn('sleep', ['60']);
  await once(child, 'spawn');
  return child.pid ?? 0;
}

test('a process is known by its id and start, and by its command', async () => {
  const pid = await sleeper();
  const start = await startOf(pid);
  expect(start).toBeDefined();
  expect(await startOf(pid)).toBe(start);
  expect(await isRunning({ pid, start: start ?? '' })).toBe(true);
  expect(await commandOf(pid)).toMatch(/sleep 60/);
});

test('another process under the same id is not the one that was noted', async () => {
  const pid = await sleeper();
  expect(await isRunning({ pid, start: 'before' })).toBe(false);
});

test('one that has ended does not run, though its parent has not looked yet', async () => {
  const parent = spawn('sh', ['-c', 'read _ <&3 & echo $!; exec sleep 60 3<&-'], {
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
  });
  child = parent;
  const [line] = (await once(parent.stdout ?? parent, 'data')) as [Buffer];
  const unreaped = Number(line.toString());
  // A shell reaps its children; what it has become does not.
  await expect.poll(() => commandOf(parent.pid ?? 0)).toMatch(/sleep 60/);
  parent.stdio[3]?.destroy();
  await expect.poll(() => startOf(unreaped)).toBe(undefined);
  expect(process.kill(unreaped, 0)).toBe(true);
});
