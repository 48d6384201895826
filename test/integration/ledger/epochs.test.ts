/** Whoever writes too late, from a run or an attempt that others have passed, changes nothing. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { segmentTail } from '../../../store/segment-tail.ts';
import { LedgerScene, AT, confirmation, digest, wholeTail } from './ledger-scene.ts';

let scene: LedgerScene;

beforeAll(async () => {
  scene = await LedgerScene.open('ledger_epochs');
});

afterAll(async () => scene[Symbol.asyncDispose]());

test('after another run has begun, nothing of the older one is written', async () => {
  const sync = await scene.declare();
  const { run, holder } = await scene.begin(sync);
  await scene.ledger.uploads.open({ ...holder, segment: 1, attempt: 1 }, run, 2);
  await scene.ledger.uploads.complete(holder, 1, wholeTail(digest(1)));
  const newer = { id: 'newer', dataType: 'events', trigger: 'manual', workflowRunId: 'newer' } as const;
  await scene.ledger.runs.open({ ...newer, sync });
  const { epoch } = await scene.ledger.watermarks.begin(sync, 'newer', 'newer');
  expect(epoch).toBe(holder.epoch + 1);

  const superseded = { type: 'superseded' };
  const reservation = { to: 5, open: null };
  await expect(
    scene.ledger.uploads.open({ ...holder, segment: 2, attempt: 1 }, run, 1),
  ).rejects.toMatchObject(superseded);
  await expect(scene.ledger.uploads.state(holder, 1)).rejects.toMatchObject(superseded);
  await expect(scene.ledger.uploads.reserve(holder, run, 1, reservation, [])).rejects.toMatchObject(
    superseded,
  );
  await expect(scene.ledger.uploads.confirm(holder, run, 1, confirmation())).rejects.toMatchObject(
    superseded,
  );
  const tail = wholeTail(digest(1));
  await expect(scene.ledger.uploads.complete(holder, 1, tail)).rejects.toMatchObject(superseded);
  await expect(scene.ledger.watermarks.commit(holder, 1, Infinity)).rejects.toMatchObject(superseded);
  await expect(scene.ledger.watermarks.initialise(holder, AT, run)).rejects.toMatchObject(superseded);
  // The older one was closed by the newer one: it does not begin again, whenever it wakes.
  await expect(scene.ledger.watermarks.begin(sync, run, run)).rejects.toMatchObject(superseded);
  expect(await scene.ledger.runs.get('newer')).toMatchObject({ status: 'running' });
  expect(await scene.ledger.watermarks.get(sync)).toBeUndefined();
  expect((await scene.ledger.runs.get(run))?.counts).toMatchObject({ read: 2, sent: 0, rejected: 0 });
});

test('the same Temporal run keeps its epoch; one that has finished has lost it', async () => {
  const sync = await scene.declare();
  const { run, holder } = await scene.begin(sync);
  expect((await scene.ledger.watermarks.begin(sync, run, run)).epoch).toBe(holder.epoch);
  const end = { status: 'success', error: null } as const;
  const finished = await scene.ledger.runs.finish(run, () => end);
  expect(finished).toMatchObject({ status: 'success' });
  await expect(
    scene.ledger.uploads.open({ ...holder, segment: 1, attempt: 1 }, run, 1),
  ).rejects.toMatchObject({
    type: 'superseded',
  });
  // What has ended stays as it ended.
  const again = await scene.ledger.runs.finish(run, () => ({ status: 'cancelled', error: null }));
  expect(again).toEqual(finished);
});

test('a commit that later ones have passed changes nothing, and fails nobody', async () => {
  const sync = await scene.declare();
  const { run, holder } = await scene.begin(sync);
  const later = '2026-01-02 00:00:00.000000';
  for (const [segment, value] of [
    [1, AT],
    [2, later],
  ] as const) {
    await scene.ledger.uploads.open({ ...holder, segment, attempt: 1 }, run, 1);
    await scene.ledger.uploads.complete(
      holder,
      segment,
      segmentTail({ kind: 'whole', value }, { digests: digest(segment) }),
    );
    expect(await scene.ledger.watermarks.commit(holder, segment, Infinity)).toBe(value);
  }
  expect(await scene.ledger.watermarks.commit(holder, 1, Infinity)).toBe(later);
  expect(await scene.ledger.watermarks.get(sync)).toMatchObject({
    value: later,
    segment: 2,
    digests: digest(2),
  });
});

test('an attempt that was frozen while a later one opened its segment changes nothing any more', async () => {
  const sync = await scene.declare();
  const former = await scene.begin(sync);
  await scene.ledger.uploads.confirm(former.holder, former.run, 1, confirmation());
  await scene.ledger.leases.release(sync, former.holder.leaseOwner);
  const { run, holder } = await scene.begin(sync);
  const id = (await scene.ledger.rejectedRows.list(sync, { limit: 1 }))[0]?.id ?? 0;
  const claim = async (): Promise<unknown> =>
    (
      await scene.admin.query(
        'select retry_epoch::int, retry_segment::int from rejected_rows where id = $1',
        [id],
      )
    ).rows[0];
  const claims = [{ id, digest: digest(1) }];
  await scene.ledger.uploads.open({ ...holder, segment: 1, attempt: 2 }, run, 7, { claims });
  const late = scene.ledger.uploads.open({ ...holder, segment: 1, attempt: 1 }, run, 10, { claims: [] });
  await expect(late).rejects.toMatchObject({ type: 'superseded' });
  expect((await scene.ledger.runs.get(run))?.counts.read).toBe(7);
  expect(await claim()).toEqual({ retry_epoch: holder.epoch, retry_segment: 1 });
  await scene.ledger.uploads.open({ ...holder, segment: 1, attempt: 3 }, run, 5, { claims: [] });
  expect((await scene.ledger.runs.get(run))?.counts.read).toBe(5);
  expect(await claim()).toEqual({ retry_epoch: null, retry_segment: null });
});

test('an attempt that was frozen until its segment was committed neither opens it again nor sends it', async () => {
  const sync = await scene.declare();
  const { run, holder } = await scene.begin(sync);
  for (const commit of ['ordinary', 'retry'] as const) {
    const segment = commit === 'ordinary' ? 1 : 2;
    await scene.ledger.uploads.open({ ...holder, segment, attempt: 1 }, run, 2);
    await scene.ledger.uploads.complete(holder, segment, wholeTail(digest(segment)));
    if (commit === 'ordinary') await scene.ledger.watermarks.commit(holder, segment, Infinity);
    else await scene.ledger.retries.commit(holder, run, segment);
    await expect(scene.ledger.uploads.state(holder, segment), commit).rejects.toMatchObject({
      type: 'superseded',
    });
  }
  const late = scene.ledger.uploads.open({ ...holder, segment: 1, attempt: 9 }, run, 2);
  await expect(late).rejects.toMatchObject({ type: 'superseded' });
  expect((await scene.ledger.runs.get(run))?.counts.read).toBe(4);
});

test('openers that ask at once end in one order, and with one of them', async () => {
  const sync = await scene.declare();
  const { run, holder } = await scene.begin(sync);
  const attempts = Array.from({ length: 8 }, (_, index) => index + 1);
  const opened = await Promise.allSettled(
    attempts.map((attempt) => scene.ledger.uploads.open({ ...holder, segment: 1, attempt }, run, attempt)),
  );
  expect(opened.at(-1)).toMatchObject({ status: 'fulfilled' });
  for (const each of opened)
    if (each.status === 'rejected') expect(each.reason).toMatchObject({ type: 'superseded' });
  expect((await scene.ledger.runs.get(run))?.counts.read).toBe(8);
});

test('a run is asked about once: a late question changes nothing after the answer', async () => {
  const sync = await scene.declare();
  const { run } = await scene.begin(sync);
  const size = { rows: 2, deletes: 0 };
  const held = {
    ...size,
    limits: { rows: 1, deletes: 1 },
    since: '2026-01-01T00:00:00.000Z',
    answer: null,
  };
  await scene.ledger.runs.hold(run, held);
  expect(await scene.ledger.runs.get(run)).toMatchObject({ status: 'held', held });
  await scene.ledger.runs.answerHeld(run, {
    decision: 'approved',
    by: 'ann',
    at: '2026-01-01T00:01:00.000Z',
  });
  await scene.ledger.runs.hold(run, held);
  expect(await scene.ledger.runs.get(run)).toMatchObject({
    status: 'running',
    held: { answer: { decision: 'approved' } },
  });
});

test('a watermark moves only past a delivered segment, and committing twice is committing once', async () => {
  const sync = await scene.declare();
  const { run, holder } = await scene.begin(sync);
  await scene.ledger.uploads.open({ ...holder, segment: 1, attempt: 1 }, run, 2);
  await expect(scene.ledger.watermarks.commit(holder, 1, Infinity)).rejects.toMatchObject({
    type: 'internal',
  });
  await scene.ledger.uploads.confirm(holder, run, 1, confirmation());
  await scene.ledger.uploads.complete(holder, 1, wholeTail(digest(2)));
  expect(await scene.ledger.watermarks.commit(holder, 1, Infinity)).toBe(AT);
  expect(await scene.ledger.watermarks.commit(holder, 1, Infinity)).toBe(AT);
  expect(await scene.ledger.watermarks.get(sync)).toMatchObject({ value: AT, digests: digest(2) });
  // Behind the watermark nothing needs to be remembered.
  expect(await scene.ledger.uploads.handled(sync, null)).toEqual([]);
});

test('a segment that several commit at once is committed once', async () => {
  const sync = await scene.declare();
  const { run, holder } = await scene.begin(sync);
  await scene.ledger.watermarks.initialise(holder, null, run);
  await scene.ledger.uploads.open({ ...holder, segment: 1, attempt: 1 }, run, 2);
  const fresh = [{ first: AT, last: AT, rows: 2 }];
  const digests = Buffer.concat([digest(1), digest(2)]);
  const tail = segmentTail({ kind: 'whole', value: AT, fresh }, { digests, fresh: digests });
  await scene.ledger.uploads.complete(holder, 1, tail);
  const commits = Array.from({ length: 8 }, () => scene.ledger.watermarks.commit(holder, 1, Infinity));
  expect(new Set(await Promise.all(commits))).toEqual(new Set([AT]));
  const query = 'select sum(rows)::int as rows from lookback_digests where sync = $1';
  expect((await scene.admin.query(query, [sync])).rows).toEqual([{ rows: 2 }]);
});
