import { expect } from 'vitest';
import type { SourceTable } from '../../../activities/warehouses/warehouse.ts';
import type { DataType } from '../../../model/data-type.ts';
import type { RunRecord } from '../../../store/runs.ts';
import type { Installation } from '../../support/installation.ts';
import { runToEnd } from '../../support/run-to-end.ts';
import type { StandInRow } from '../stand-in.ts';
import type { Theme } from './check.ts';
import { type Scene, instantAt } from './scene.ts';

interface DeclaredSync {
  readonly installation: Installation;
  readonly source: SourceTable;
  run(): Promise<RunRecord>;
}

async function declare(
  scene: Scene,
  dataType: DataType,
  rows: readonly StandInRow[],
  more: Readonly<Record<string, unknown>> = {},
): Promise<DeclaredSync> {
  const installation = await scene.installation();
  await installation.braze.client.reset();
  const source = await scene.create(dataType, rows);
  const name = `conformance-${dataType.replaceAll('_', '-')}-${scene.newName().replaceAll('_', '-')}`;
  await installation.declare({
    name,
    data_type: dataType,
    table: source.table,
    source,
    credential: scene.standIn.account.definition.name,
    ...more,
  });
  return { installation, source, run: () => runToEnd(installation.session, name) };
}

const NOTHING = { status: 'success', counts: { read: 0, sent: 0, rejected: 0, requests: 0 } };

export const pipeline: Theme = {
  title: 'A whole run, from the table to Braze',
  checks: [
    {
      name: 'run-attributes',
      title: 'attributes arrive as the rows say, nothing goes again, and what is added goes alone',
      run: async (scene) => {
        const row = (n: number, ms: number): StandInRow => ({
          updatedAt: instantAt(ms),
          externalId: `u${n}`,
          payload: `{"n":${n},"big":9007199254740993,"price":12.50,"name":"Zoë 🎉 ${n}"}`,
        });
        const attributes = (n: number): Record<string, string> => ({
          n: String(n),
          big: '9007199254740993',
          price: '12.50',
          name: `"Zoë 🎉 ${n}"`,
        });
        const rows = Array.from({ length: 250 }, (_, n) => row(n, Math.floor(n / 20)));
        const sync = await declare(scene, 'attributes', rows, {
          options: { page_size: 50, segment_rows: 100 },
        });
        const { client } = sync.installation.braze;
        const held = async (): Promise<Record<string, unknown>> =>
          Object.fromEntries(
            (await client.profiles()).map(({ external_id: id, attributes: values }) => [id ?? '', values]),
          );
        const expected = (numbers: readonly number[]): Record<string, unknown> =>
          Object.fromEntries(numbers.map((n) => [`u${n}`, attributes(n)]));

        expect(await sync.run()).toMatchObject({
          status: 'success',
          counts: { read: 250, sent: 250, rejected: 0 },
          watermarkAfter: scene.warehouse.instant(`${instantAt(12)}Z`),
        });
        const numbers = rows.map((_, n) => n);
        expect(await held()).toEqual(expected(numbers));
        expect(await sync.run()).toMatchObject(NOTHING);

        if (!scene.standIn.takesWritesWhileRead) return;
        // One at the very watermark, one after it.
        await scene.standIn.addRows(sync.source, 'attributes', [row(250, 12), row(251, 13)]);
        expect(await sync.run()).toMatchObject({ status: 'success', counts: { read: 2, sent: 2 } });
        expect(await held()).toEqual(expected([...numbers, 250, 251]));
        expect(await sync.run()).toMatchObject(NOTHING);
      },
    },
    {
      name: 'run-events',
      title: 'a connection cut in the middle of a run: every event arrives, and once',
      run: async (scene) => {
        const rows = Array.from({ length: 4_000 }, (_, n): StandInRow => ({
          updatedAt: instantAt(Math.floor(n / 3)),
          externalId: `u${n % 50}`,
          payload: `{"name":"e","properties":{"n":${n},"text":"${'x'.repeat(200)}"}}`,
        }));
        const sync = await declare(scene, 'events', rows, { options: { page_size: 1_000 } });
        const { network } = scene.standIn;
        const { cuts } = network;
        network.cutAfter(400_000);
        expect(await sync.run()).toMatchObject({ status: 'success', counts: { read: 4_000, sent: 4_000 } });
        expect(network.cuts).toBe(cuts + 1);
        const events = await sync.installation.braze.client.events();
        const numbers = events.map(({ text }) => Number(/"n":(\d+)/.exec(text)?.[1]));
        expect(numbers.toSorted((a, b) => a - b)).toEqual(rows.map((_, n) => n));
      },
    },
    {
      name: 'run-catalog',
      title: 'catalog items are written and deleted, the latest row wins',
      run: async (scene) => {
        const rows = ['a', 'b', 'a', 'c', 'b'].map((id, n): StandInRow => ({
          updatedAt: instantAt(n),
          id,
          payload: `{"price":${n}.50}`,
          deleted: n === 4 ? true : n === 2 ? false : null,
        }));
        const sync = await declare(scene, 'catalog', rows, { catalog: 'shop' });
        const { client } = sync.installation.braze;
        await client.putCatalog({
          name: 'shop',
          fields: [
            { name: 'id', type: 'string' },
            { name: 'price', type: 'number' },
          ],
        });
        expect(await sync.run()).toMatchObject({ status: 'success', counts: { read: 5, rejected: 0 } });
        const items = await client.catalogItems('shop');
        expect(Object.fromEntries(items.map(({ id, fields }) => [id, fields]))).toEqual({
          a: { price: '2.50' },
          c: { price: '3.50' },
        });
        expect(await sync.run()).toMatchObject(NOTHING);
      },
    },
  ],
};
