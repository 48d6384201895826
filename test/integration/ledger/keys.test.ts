/** What is sealed opens with its key, and only for what it was sealed for. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LedgerScene, AT, confirmation, newKey, row } from './ledger-scene.ts';

let scene: LedgerScene;

beforeAll(async () => {
  scene = await LedgerScene.open('ledger_keys');
});

afterAll(async () => scene[Symbol.asyncDispose]());

test('a new key seals, the former one still opens, and without it nothing opens', async () => {
  const former = scene.installation.environment['CDI_KEY'] ?? '';
  const rotated = `${newKey('new')}\n${former}`;
  const sync = await scene.declare();
  const { run, holder } = await scene.begin(sync);
  await scene.ledger.uploads.open({ ...holder, segment: 1, attempt: 1 }, run, 2);
  await scene.ledger.uploads.confirm(holder, run, 1, confirmation());

  const both = scene.reopen(rotated);
  const onlyNew = scene.reopen(rotated.split('\n')[0] ?? '');
  try {
    const { apiKey } = await both.definitions.workspace('main');
    expect(apiKey).toBe('sim-key');
    expect(await both.rejectedRows.list(sync, { run, limit: 1 })).toMatchObject([{ row: row(AT) }]);
    // The secrets did not change with the key.
    expect(both.definitions.fingerprint({ api_key: apiKey })).toBe(
      scene.ledger.definitions.fingerprint({ api_key: apiKey }),
    );
    await expect(onlyNew.definitions.workspace('main')).rejects.toMatchObject({ type: 'key_missing' });
    await expect(onlyNew.rejectedRows.list(sync, { run, limit: 1 })).rejects.toMatchObject({
      type: 'key_missing',
    });
    await both.uploads.confirm(holder, run, 1, confirmation({ batches: [1] }));
    await expect(scene.ledger.rejectedRows.list(sync, { run, limit: 2 })).rejects.toMatchObject({
      type: 'key_missing',
    });
    expect(await both.rejectedRows.list(sync, { run, limit: 2 })).toHaveLength(2);
  } finally {
    await Promise.all([both.close(), onlyNew.close()]);
  }
});

test('a sealed secret opens only for what it was sealed for', async () => {
  await scene.admin
    .query(`update credentials set secret = (select secret from workspaces where name = 'main') where name = 'source'
    returning name`);
  await expect(scene.ledger.definitions.credential('source')).rejects.toMatchObject({ type: 'key_missing' });
});
