/** What is known of the parts of a table that is read whole, when they are divided anew. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { planInstant } from '../../../activities/extraction/plan-instant.ts';
import { FULL_REFRESH } from '../../../model/full-refresh.ts';
import { segmentTail } from '../../../store/segment-tail.ts';
import { LedgerScene, digest } from './ledger-scene.ts';

let scene: LedgerScene;

beforeAll(async () => {
  scene = await LedgerScene.open('ledger_parts');
});

afterAll(async () => scene[Symbol.asyncDispose]());

/** Puts a part into the ledger that holds one row for each of the digests. */
async function putPart(sync: string, [low, high]: [string, string], digests: number[], dissolved = false) {
  await scene.admin.query(
    `insert into instant_parts (sync, instant, low, high, rows, digests, dissolved) values ($1, $2, $3, $4, $5, $6, $7)`,
    [sync, FULL_REFRESH, low, high, digests.length, Buffer.concat(digests.map(digest)), dissolved],
  );
}

/** Plans as an extraction does. @param counts rows by the first digit of their users' hashes */
async function plan(sync: string, counts: Readonly<Record<string, number>>) {
  const { run, holder } = await scene.begin(sync);
  const planned = await planInstant(
    { sync, run, epoch: holder.epoch, instant: FULL_REFRESH, ceiling: 3, after: null },
    {
      ledger: scene.ledger,
      holder,
      countByHash: async (range, digits) =>
        new Map(
          Object.entries(counts)
            .map(([digit, rows]) => [digit.padEnd(digits, '0'), rows] as const)
            .filter(([prefix]) => range.share === undefined || prefix.startsWith(range.share.low)),
        ),
    },
  );
  return { parts: planned.parts, warnings: (await scene.ledger.runs.get(run))?.warnings };
}

test('a part that is divided keeps what Braze holds of it, and says nothing', async () => {
  const sync = await scene.declare();
  await putPart(sync, ['0', '7'], [1, 2, 3]);
  expect(await plan(sync, { 0: 3, 4: 2 })).toMatchObject({
    parts: [{ low: '0', high: '0' }, { low: '4' }],
    warnings: [],
  });
  const kept = await scene.ledger.instantParts.dissolvedDigests(sync, FULL_REFRESH, { low: '4', high: '4' });
  expect(kept).toEqual([Buffer.concat([digest(1), digest(2), digest(3)])]);
});

test('one that is divided anew before the table was read whole tells of the rows that go again', async () => {
  const sync = await scene.declare();
  await putPart(sync, ['0', 'f'], [1, 2, 3, 4, 5], true);
  await putPart(sync, ['0', '7'], [6, 7, 8]);
  const { warnings } = await plan(sync, { 0: 3, 4: 2, 9: 3 });
  expect(warnings).toEqual([expect.stringContaining('up to 5 rows of the former part are sent again')]);
  const known = await scene.ledger.instantParts.dissolvedDigests(sync, FULL_REFRESH, { low: '0', high: 'f' });
  expect(known).toEqual([Buffer.concat([digest(6), digest(7), digest(8)])]);
});

test('so does one that has lost all its rows', async () => {
  const sync = await scene.declare();
  await putPart(sync, ['0', 'f'], [1, 2], true);
  await putPart(sync, ['0', '0'], [6]);
  await putPart(sync, ['40', '4f'], [7]);
  const { warnings } = await plan(sync, { 0: 1, 9: 1 });
  expect(warnings).toEqual([expect.stringContaining('up to 2 rows of the former part are sent again')]);
});

test('one that shrinks into its former bounds again is known by them, and stays when the table was read', async () => {
  const sync = await scene.declare();
  await putPart(sync, ['8', '9'], [1, 2, 3], true);
  const { run, holder } = await scene.begin(sync);
  const part = { instant: FULL_REFRESH, low: '8', high: '9', rows: 2 };
  const delivered = Buffer.concat([digest(1), digest(2)]);
  await scene.ledger.uploads.open({ ...holder, segment: 1, attempt: 1 }, run, 0, {
    part: { ...part, delivered, digestLimit: 100 },
  });
  const tail = segmentTail({ kind: 'part', value: null, part }, { digests: delivered });
  await scene.ledger.uploads.complete(holder, 1, tail);
  await scene.ledger.watermarks.commit(holder, 1, 100);
  expect(await scene.ledger.instantParts.of(sync, FULL_REFRESH)).toMatchObject([
    { low: '8', high: '9', rows: 2, hasDigests: true },
  ]);
});
