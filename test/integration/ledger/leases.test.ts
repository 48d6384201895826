/** One upload of a sync at a time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { acquireLease } from '../../../activities/upload/upload-lease.ts';
import { LedgerScene, confirmation } from './ledger-scene.ts';

let scene: LedgerScene;

beforeAll(async () => {
  scene = await LedgerScene.open('ledger_leases');
});

afterAll(async () => scene[Symbol.asyncDispose]());

/** Stops this process, as SIGSTOP would. */
const freeze = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

test('one owner at a time; it may prolong and give back; an ended lease is free', async () => {
  const { leases } = scene.ledger;
  expect(await leases.take('leased', 'a', 60_000)).toBe(0);
  expect(await leases.take('leased', 'a', 400)).toBe(0);
  const left = await leases.take('leased', 'b', 60_000);
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThanOrEqual(400);
  await leases.release('leased', 'b');
  expect(await leases.take('leased', 'b', 60_000)).toBeGreaterThan(0);
  await sleep(450);
  expect(await leases.take('leased', 'b', 60_000)).toBe(0);
  expect(await leases.take('leased', 'a', 60_000)).toBeGreaterThan(59_000);
  await leases.release('leased', 'b');
  expect(await leases.take('leased', 'a', 60_000)).toBe(0);
});

test('is prolonged by the one who has it, also when it ran out, and never by one who had it before', async () => {
  const { leases } = scene.ledger;
  expect(await leases.take('renewed', 'a', 1)).toBe(0);
  await sleep(50);
  expect(await leases.renew('renewed', 'a', 1)).toBe(true);
  await sleep(50);
  expect(await leases.take('renewed', 'b', 60_000)).toBe(0);
  expect(await leases.renew('renewed', 'a', 60_000)).toBe(false);
  await leases.release('renewed', 'b');
  expect(await leases.renew('renewed', 'a', 60_000)).toBe(false);
});

test('of many that ask at once, one gets it', async () => {
  const owners = Array.from({ length: 8 }, (_, n) => `owner ${n}`);
  const answers = await Promise.all(
    owners.map((owner) => scene.ledger.leases.take('contested', owner, 60_000)),
  );
  expect(answers.filter((left) => left === 0)).toHaveLength(1);
});

test('an upload keeps its lease while it lives, and one that was frozen knows at once that it has ended', async () => {
  const { leases } = scene.ledger;
  const ttlMs = 1_000;
  const { signal } = new AbortController();
  const lease = await acquireLease(leases, 'kept', 'a', ttlMs, signal);
  await sleep(1.5 * ttlMs);
  await lease.untilHolds();
  freeze(1.1 * ttlMs);
  expect(lease.holds()).toBe(false);
  // Nobody else came: it goes on.
  await lease.untilHolds();

  const takenMeanwhile = scene.admin.query(`do $$ begin
    perform pg_sleep(1);
    update leases set owner = 'b', expires_at = clock_timestamp() + interval '1 minute' where sync = 'kept';
  end $$`);
  await sleep(ttlMs / 20);
  freeze(1.5 * ttlMs);
  expect(lease.holds()).toBe(false);
  await expect(lease.untilHolds()).rejects.toMatchObject({ type: 'lease_lost' });
  await takenMeanwhile;
  expect(lease.holds()).toBe(false);
  await lease.release();
  expect(await leases.take('kept', 'c', 1)).toBeGreaterThan(0);
});

test('an upload whose lease went to another attempt records nothing more', async () => {
  const sync = await scene.declare();
  const { run, holder } = await scene.begin(sync);
  await scene.ledger.uploads.open({ ...holder, segment: 1, attempt: 1 }, run, 2);
  await scene.ledger.leases.release(sync, holder.leaseOwner);
  expect(await scene.ledger.leases.take(sync, 'the next attempt', 60_000)).toBe(0);
  await expect(scene.ledger.uploads.confirm(holder, run, 1, confirmation())).rejects.toMatchObject({
    type: 'lease_lost',
  });
  expect((await scene.ledger.runs.get(run))?.counts.sent).toBe(0);
});
