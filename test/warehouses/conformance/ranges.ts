import { expect } from 'vitest';
import { userHash } from '../../../activities/rows/user-hash.ts';
import type { ReadRange } from '../../../activities/warehouses/warehouse.ts';
import type { SourceRow } from '../../../model/row.ts';
import type { StandInRow } from '../stand-in.ts';
import type { Theme } from './check.ts';
import { EVERYTHING, type OpenTable, type Scene, instantAt, readAll, sorted } from './scene.ts';

const USERS = 60;
const ROWS = 300;
const INSTANTS = 40;

/** Users by every kind of identifier, several rows each, many to an instant, some without a time. */
const rows: readonly StandInRow[] = Array.from({ length: ROWS }, (_, n): StandInRow => {
  const user = (n * 7) % USERS;
  const identifiers: readonly Partial<StandInRow>[] = [
    { externalId: `user ${user}` },
    { aliasName: `alias ${user}`, aliasLabel: 'shop' },
    { brazeId: `${user}`.padStart(24, '0') },
    { email: `ünï+${user}@Example.COM`, phone: null },
    { phone: `+4930${user}`, email: `${user}@Example.com`, externalId: '' },
    {},
  ];
  return {
    updatedAt: n % 50 === 49 ? null : instantAt((n * 11) % INSTANTS),
    ...identifiers[user % identifiers.length],
    payload: `{"n":${n}}`,
  };
});

interface Model {
  readonly table: OpenTable;
  /** The rows that can be read. */
  readonly all: readonly SourceRow[];
}

async function withModel(scene: Scene, work: (model: Model) => Promise<void>): Promise<void> {
  await using table = await scene.open(await scene.create('attributes', rows));
  await work({
    table,
    all: rows.filter((row) => row.updatedAt !== null).map((row) => scene.expected(row)),
  });
}

/** What a range means, by the words of its interface. */
function belongs(row: SourceRow, range: ReadRange): boolean {
  const { from, to, inclusive, beforeTo, share, users, deletedOnly } = range;
  const { updatedAt } = row;
  if (from !== null && !(inclusive ? updatedAt >= from : updatedAt > from)) return false;
  if (to !== null && !(beforeTo ? updatedAt < to : updatedAt <= to)) return false;
  const hash = userHash(row);
  if (
    share &&
    !(hash.slice(0, share.low.length) >= share.low && hash.slice(0, share.high.length) <= share.high)
  )
    return false;
  if (users && !users.includes(hash)) return false;
  return !deletedOnly || row.deleted === true;
}

/** Reads and counts a range. */
async function expectRange({ table, all }: Model, range: ReadRange): Promise<void> {
  const expected = all.filter((row) => belongs(row, range));
  const words = JSON.stringify({ ...range, users: range.users?.length });
  const read = await readAll(table, range);
  expect(sorted(read), words).toEqual(sorted(expected));
  expect(
    read.map((row) => row.updatedAt),
    words,
  ).toEqual(read.map((row) => row.updatedAt).toSorted());
  expect(await table.connection.count(table.source, table.columns, range), words).toBe(expected.length);
}

export const ranges: Theme = {
  title: 'Ranges and counts',
  checks: [
    {
      name: 'ranges',
      title: 'from and to an instant, with it and without',
      run: (scene) =>
        withModel(scene, async (model) => {
          const at = (ms: number): string => scene.warehouse.instant(`${instantAt(ms)}Z`);
          await expectRange(model, EVERYTHING);
          await expectRange(model, { from: at(10), inclusive: true, to: at(20) });
          await expectRange(model, { from: at(10), inclusive: false, to: at(20), beforeTo: true });
          await expectRange(model, { from: at(10), inclusive: true, to: at(10) });
          await expectRange(model, { from: null, inclusive: true, to: at(7), beforeTo: true });
          await expectRange(model, { from: at(INSTANTS), inclusive: true, to: null });
        }),
    },
    {
      name: 'counts',
      title: 'rows after an instant, and rows without a time, are counted',
      run: (scene) =>
        withModel(scene, async ({ table: { connection, source, columns }, all }) => {
          for (const ms of [-1, 17, INSTANTS]) {
            const instant = scene.warehouse.instant(`${instantAt(ms)}Z`);
            const after = all.filter((row) => row.updatedAt > instant).length;
            expect(await connection.countAfter(source, columns, instant)).toBe(after);
          }
          expect(await connection.countWithoutTimestamp(source, columns)).toBe(rows.length - all.length);
        }),
    },
    {
      name: 'hash',
      title: "the warehouse's hash of a user is the product's own",
      run: (scene) =>
        withModel(scene, async ({ table: { connection, source, columns }, all }) => {
          for (const digits of [1, 3, 32]) {
            const groups = new Map<string, number>();
            for (const row of all) {
              const prefix = userHash(row).slice(0, digits);
              groups.set(prefix, (groups.get(prefix) ?? 0) + 1);
            }
            const counted = await connection.countByHash(source, columns, EVERYTHING, digits);
            expect([...counted].toSorted()).toEqual([...groups].toSorted());
          }
          const one = scene.warehouse.instant(`${instantAt(5)}Z`);
          const counted = await connection.countByHash(
            source,
            columns,
            { from: one, inclusive: true, to: one },
            2,
          );
          const total = [...counted.values()].reduce((sum, count) => sum + count, 0);
          expect(total).toBe(all.filter((row) => row.updatedAt === one).length);
        }),
    },
    {
      name: 'share',
      title: 'a share of the users, by their hashes',
      run: (scene) =>
        withModel(scene, async (model) => {
          await expectRange(model, { ...EVERYTHING, share: { low: '0', high: '7' } });
          await expectRange(model, { ...EVERYTHING, share: { low: '8a', high: 'ff' } });
          await expectRange(model, { ...EVERYTHING, share: { low: '3', high: '3' } });
        }),
    },
    {
      name: 'users',
      title: 'named users alone, a thousand at a time',
      run: (scene) =>
        withModel(scene, async (model) => {
          const some = model.all.filter((_, n) => n % 9 === 0).map(userHash);
          const strangers = Array.from({ length: 1_000 }, (_, n) => userHash({ ...blank, id: `${n}` }));
          const from = scene.warehouse.instant(`${instantAt(3)}Z`);
          await expectRange(model, {
            ...EVERYTHING,
            from,
            users: [...new Set([...some, ...strangers])].slice(0, 1_000),
          });
          await expectRange(model, { ...EVERYTHING, users: strangers });
        }),
    },
    {
      name: 'deleted-only',
      title: 'deleted catalog items alone',
      run: async (scene) => {
        const items = Array.from({ length: 30 }, (_, n): StandInRow => ({
          updatedAt: instantAt(n),
          id: `item ${n}`,
          payload: '{}',
          deleted: [true, false, null][n % 3] ?? null,
        }));
        await using table = await scene.open(await scene.create('catalog', items), 'catalog');
        const model = { table, all: items.map((item) => scene.expected(item)) };
        await expectRange(model, { ...EVERYTHING, deletedOnly: true });
        await expectRange(model, EVERYTHING);
      },
    },
  ],
};

const blank: SourceRow = {
  updatedAt: '',
  externalId: null,
  aliasName: null,
  aliasLabel: null,
  brazeId: null,
  email: null,
  phone: null,
  id: null,
  payload: null,
  deleted: null,
};
