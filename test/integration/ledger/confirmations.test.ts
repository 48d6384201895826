/** What Braze confirmed is recorded once, and a run that died is taken over. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LedgerScene, AT, confirmation, digest } from './ledger-scene.ts';

let scene: LedgerScene;

beforeAll(async () => {
  scene = await LedgerScene.open('ledger_confirmations');
});

afterAll(async () => scene[Symbol.asyncDispose]());

test('the same group counts once, however often it is written', async () => {
  const sync = await scene.declare();
  const { run, holder } = await scene.begin(sync);
  await scene.ledger.uploads.open({ ...holder, segment: 1, attempt: 1 }, run, 2);
  const group = confirmation({
    answerLost: [{ firstBatch: 0, lastBatch: 0, rows: 2, firstUpdatedAt: AT, lastUpdatedAt: AT }],
    warnings: ['first', 'second'],
  });
  await scene.ledger.uploads.confirm(holder, run, 1, group);
  await scene.ledger.uploads.confirm(holder, run, 1, group);
  await Promise.all([1, 2, 3].map(() => scene.ledger.uploads.confirm(holder, run, 1, group)));
  await scene.ledger.uploads.confirm(
    holder,
    run,
    1,
    confirmation({ sent: 0, requests: 0, rejected: [], warnings: ['first'] }),
  );
  const record = await scene.ledger.runs.get(run);
  expect(record?.counts).toEqual({
    read: 2,
    sent: 1,
    rejected: 1,
    requests: 1,
    possiblyDoubled: 2,
  });
  expect(record?.warnings).toEqual(['first', 'second']);
  expect(await scene.ledger.rejectedRows.list(sync, { run, limit: 10 })).toHaveLength(1);
  expect(await scene.ledger.runs.possiblyDoubled(run)).toHaveLength(1);
  expect(await scene.ledger.uploads.state(holder, 1)).toEqual({
    confirmed: new Set([0]),
    reservedTo: 1,
    completed: false,
  });
});

test('a segment opened again replaces its count of rows', async () => {
  const sync = await scene.declare();
  const { run, holder } = await scene.begin(sync);
  await scene.ledger.uploads.open({ ...holder, segment: 1, attempt: 1 }, run, 10);
  await scene.ledger.uploads.open({ ...holder, segment: 1, attempt: 1 }, run, 7);
  await scene.ledger.uploads.open({ ...holder, segment: 2, attempt: 1 }, run, 5);
  expect((await scene.ledger.runs.get(run))?.counts.read).toBe(12);
});

test('what a dead run confirmed is handled, what it had reserved is doubled perhaps', async () => {
  const sync = await scene.declare();
  const { run: dead, holder } = await scene.begin(sync);
  await scene.ledger.uploads.open({ ...holder, segment: 1, attempt: 1 }, dead, 9);
  const reserved = { firstBatch: 1, lastBatch: 3, rows: 6, firstUpdatedAt: AT, lastUpdatedAt: AT };
  await scene.ledger.uploads.confirm(
    holder,
    dead,
    1,
    confirmation({ reservation: { to: 4, open: reserved } }),
  );
  await scene.ledger.leases.release(sync, holder.leaseOwner);
  const { run } = await scene.begin(sync);
  expect(await scene.ledger.runs.get(dead)).toMatchObject({
    status: 'cancelled',
    error: { type: 'ended_outside' },
  });
  const handled = await scene.ledger.uploads.handled(sync, null);
  expect(handled.map(({ digests }) => digests)).toEqual([Buffer.concat([digest(1), digest(2)])]);
  expect(await scene.ledger.uploads.handled(sync, '2026-01-01 00:00:00.000001')).toEqual([]);
  expect((await scene.ledger.runs.get(run))?.counts).toMatchObject({ read: 0, sent: 0, possiblyDoubled: 6 });
  expect(await scene.ledger.runs.possiblyDoubled(run)).toMatchObject([
    { ...reserved, cause: 'attempt_lost' },
  ]);
});
