/** Definitions change in one piece, and not under a run. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NO_CHANGES } from '../../../store/definitions.ts';
import { LedgerScene, AT } from './ledger-scene.ts';

let scene: LedgerScene;

beforeAll(async () => {
  scene = await LedgerScene.open('ledger_definitions');
});

afterAll(async () => scene[Symbol.asyncDispose]());

test('a credential or workspace that a sync uses cannot be deleted', async () => {
  const sync = await scene.declare();
  await expect(scene.ledger.definitions.deleteCredential('source')).rejects.toMatchObject({
    type: 'invalid_definition',
    message: expect.stringContaining(sync) as string,
  });
  for (const changes of [{ deleteCredentials: ['source'] }, { deleteWorkspaces: ['main'] }]) {
    await expect(scene.ledger.definitions.change({ ...NO_CHANGES, ...changes })).rejects.toMatchObject({
      type: 'invalid_definition',
    });
  }
  expect((await scene.ledger.definitions.credential('source')).secrets).toHaveProperty('password');
  await expect(scene.ledger.definitions.deleteCredential('nobody')).rejects.toMatchObject({
    type: 'definition_missing',
  });
});

test('a credential that only deleted syncs used can go, and they with it', async () => {
  const { definition, secrets } = await scene.ledger.definitions.credential('source');
  const spare = { definition: { ...definition, name: 'spare' }, secrets };
  await scene.ledger.definitions.change({ ...NO_CHANGES, credentials: [spare] });
  const sync = await scene.declare();
  const stored = await scene.ledger.definitions.sync(sync);
  const moved = {
    definition: { ...stored.definition, credential: 'spare' },
    watermark: 'keep',
    retest: false,
  } as const;
  await scene.ledger.definitions.change({ ...NO_CHANGES, syncs: [moved] });
  await scene.ledger.definitions.change({ ...NO_CHANGES, deleteSyncs: [sync] });
  await scene.ledger.definitions.deleteCredential('spare');
  expect((await scene.ledger.definitions.syncs()).map(({ name }) => name)).not.toContain(sync);
});

test('a watermark is reset only between runs, and what was of a run before it is superseded', async () => {
  const sync = await scene.declare();
  const { run, holder } = await scene.begin(sync);
  await scene.ledger.watermarks.initialise(holder, AT, run);
  const { definition } = await scene.ledger.definitions.sync(sync);
  const reset = async (): Promise<void> =>
    scene.ledger.definitions.change({
      ...NO_CHANGES,
      syncs: [{ definition, watermark: 'reset', retest: false }],
    });
  await expect(reset()).rejects.toMatchObject({ type: 'invalid_definition' });
  expect(await scene.ledger.watermarks.get(sync)).toMatchObject({ value: AT });
  await scene.ledger.runs.finish(run, () => ({ status: 'cancelled', error: null }));
  await reset();
  expect(await scene.ledger.watermarks.get(sync)).toBeUndefined();
  await expect(scene.ledger.watermarks.initialise(holder, AT, run)).rejects.toMatchObject({
    type: 'superseded',
  });
});

test('one sync per table and workspace; two that swap their tables do not meet', async () => {
  const [a, b] = [await scene.declare('swap-a', 'swap_a'), await scene.declare('swap-b', 'swap_b')];
  await expect(scene.declare('swap-c', 'swap_a')).rejects.toMatchObject({ type: 'invalid_definition' });
  const change = async (
    name: string,
    table: string,
  ): Promise<{
    definition: Awaited<ReturnType<typeof scene.installation.declare>>;
    watermark: 'keep';
    retest: boolean;
  }> => {
    const { definition } = await scene.ledger.definitions.sync(name);
    return {
      definition: { ...definition, source: { schema: 'cdi', table } },
      watermark: 'keep',
      retest: false,
    };
  };
  await scene.ledger.definitions.change({
    ...NO_CHANGES,
    syncs: [await change(a, 'swap_b'), await change(b, 'swap_a')],
  });
  expect((await scene.ledger.definitions.sync(a)).definition.source.table).toBe('swap_b');
});
