import { expect } from 'vitest';
import { CdiError, type ErrorType } from '../../../model/errors.ts';
import type { StandInRow } from '../stand-in.ts';
import type { Theme } from './check.ts';
import { EVERYTHING, type OpenTable, type Scene, instantAt, readAll } from './scene.ts';

const CANARY = 'cdi_canary';
/** Each would end a quoted name of some warehouse, or look like a parameter of some driver. */
export const HOSTILE_NAMES: readonly string[] = [
  'Mixed Case',
  'select',
  `quo"te's; drop table ${CANARY}; --`,
  `back\`tick; drop table ${CANARY}; --`,
  `brack]et[; drop table ${CANARY}; --`,
  'dot.ted /*no comment*/ --',
  '$1 ? :wm @wm {p} %s \\n #',
  'ünïcødé_表',
];
/** What may be said of a name that nothing can have. */
const REFUSALS: readonly ErrorType[] = ['table_missing', 'permission_denied', 'query_refused'];

const EARLY: StandInRow = { updatedAt: instantAt(0), externalId: 'a', payload: '{"n":1}' };
const LATE: StandInRow = { updatedAt: instantAt(1), externalId: 'b', payload: '{"n":2}' };
const ROWS = [EARLY, LATE];

/** Every kind of query that names the table. */
async function expectRows(scene: Scene, { connection, source, columns, ...table }: OpenTable): Promise<void> {
  const { updatedAt } = scene.expected(EARLY);
  const range = { ...EVERYTHING, from: updatedAt, inclusive: false };
  const { table: name } = source;
  expect(await readAll({ connection, source, columns, ...table }, range), name).toEqual([
    scene.expected(LATE),
  ]);
  expect(await connection.count(source, columns, range), name).toBe(1);
  expect(await connection.countAfter(source, columns, updatedAt), name).toBe(1);
  expect(await connection.countWithoutTimestamp(source, columns), name).toBe(0);
}

export const names: Theme = {
  title: 'Names',
  checks: [
    {
      name: 'table-names',
      title: 'tables of every name that the warehouse allows',
      run: async (scene) => {
        for (const name of scene.standIn.allowedNames?.tables ?? HOSTILE_NAMES) {
          await using table = await scene.open(await scene.create('attributes', ROWS, { name }));
          await expectRows(scene, table);
        }
      },
    },
    {
      name: 'schema-names',
      title: 'schemas of every name that the warehouse allows',
      run: async (scene) => {
        for (const schema of scene.standIn.allowedNames?.schemas ?? HOSTILE_NAMES) {
          await using table = await scene.open(await scene.create('attributes', ROWS, { schema }));
          expect(table.source.schema).toBe(schema);
          await expectRows(scene, table);
        }
      },
    },
    {
      name: 'no-injection',
      title: 'a name that nothing has is answered so, and runs nothing',
      run: async (scene) => {
        const canary = await scene.create('attributes', ROWS, { name: CANARY });
        await using connection = await scene.connect();
        for (const name of HOSTILE_NAMES) {
          const sources = [
            { schema: canary.schema, table: `${name}_` },
            { schema: `${name}_`, table: CANARY },
          ];
          for (const source of sources) {
            const error: unknown = await connection.describe(source).catch((thrown: unknown) => thrown);
            expect(error, name).toBeInstanceOf(CdiError);
            if (error instanceof CdiError) expect(REFUSALS, name).toContain(error.type);
          }
        }
        await using table = await scene.open(canary);
        expect(await readAll(table)).toHaveLength(ROWS.length);
      },
    },
    {
      name: 'column-names',
      title: 'columns are found however they are spelled',
      run: async (scene) => {
        for (const columnCase of ['upper', 'lower'] as const) {
          await using table = await scene.open(await scene.create('attributes', ROWS, { columnCase }));
          await expectRows(scene, table);
        }
      },
    },
    {
      name: 'views',
      title: 'views are read as tables are',
      run: async (scene) => {
        const createView = scene.required('createView');
        const over = await scene.create('attributes', ROWS);
        await using table = await scene.open(await createView(scene.newName(), over));
        await expectRows(scene, table);
      },
    },
  ],
};
