import { expect } from 'vitest';
import type { StandInRow } from '../stand-in.ts';
import type { Theme } from './check.ts';
import { EVERYTHING, instantAt, readAll } from './scene.ts';

const ROWS: readonly StandInRow[] = [{ updatedAt: instantAt(0), externalId: 'a', payload: '{}' }];
const SYNC = 'label-check';
const RUN = '0198c0de-1abe-7000-8000-00000000c0de';

export const history: Theme = {
  title: "The customer's query history",
  checks: [
    {
      name: 'label',
      title: 'every query names the product, the sync and the run',
      run: async (scene) => {
        const source = await scene.create('attributes', ROWS);
        await using table = await scene.open(source, 'attributes', { label: `braze-cdi ${SYNC} ${RUN}` });
        const { connection, columns } = table;
        await readAll(table);
        await connection.count(source, columns, EVERYTHING);
        await connection.countAfter(source, columns, scene.warehouse.instant(`${instantAt(0)}Z`));
        const seen = (await scene.standIn.seenQueries()).filter((text) => text.includes(source.table));
        expect(seen.length).toBeGreaterThanOrEqual(3);
        for (const text of seen) {
          expect(text).toMatch(/braze.cdi/i);
          expect(text).toContain(SYNC);
          expect(text).toContain(RUN);
        }
      },
    },
    {
      name: 'hostile-label',
      title: 'no label ends a comment or a quoted text',
      run: async (scene) => {
        const source = await scene.create('attributes', ROWS);
        const label = `braze-cdi "'\`]*/ -- ; $1 ? :wm @wm {p} ü ${'x'.repeat(300)}`;
        await using table = await scene.open(source, 'attributes', { label });
        expect(await readAll(table)).toHaveLength(1);
      },
    },
    {
      name: 'sessions',
      title: 'nothing stays open once a connection is closed, or could not be made',
      run: async (scene) => {
        const { standIn } = scene;
        const open = scene.required('openSessions');
        const settled = (count: number): Promise<void> =>
          expect.poll(open, { timeout: 10_000, interval: 50 }).toBe(count);
        // Workers of other checks keep none between their steps.
        await settled(0);
        const table = await scene.open(await scene.large());
        for await (const group of table.connection.read(table.source, table.columns, EVERYTHING, Infinity))
          if (group.length > 0) break;
        await settled(1);
        await table.connection.close();
        await settled(0);
        const staged = await standIn.stage('wrong_password');
        if (staged) await scene.connect({}, staged.account).catch(() => undefined);
        await staged?.end?.();
        await settled(0);
      },
    },
    {
      name: 'statements',
      title: 'no statement that the warehouse itself would refuse was sent by any of these checks',
      run: async (scene) => {
        expect(await scene.required('refusedStatements')()).toEqual([]);
      },
    },
  ],
};
