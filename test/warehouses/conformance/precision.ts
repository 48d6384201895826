import { expect } from 'vitest';
import type { StandInRow } from '../stand-in.ts';
import type { Theme } from './check.ts';
import { type Scene, instantAt, plain, readAll } from './scene.ts';

/** In the order of time. Their last digits tell neighbours apart. */
function instants(digits: number): string[] {
  const last = (fraction: string): string => fraction.slice(0, digits).padEnd(9, '0');
  const least = '1'.padStart(digits, '0');
  return [
    `1969-12-31T23:59:59.${last('999999999')}`,
    `1970-01-01T00:00:00.${last('000000000')}`,
    `2026-01-31T12:00:00.${last('123456789')}`,
    `2026-03-29T01:59:59.${last('999999999')}`,
    `2026-03-29T02:00:00.${last('000000000')}`,
    `2026-03-29T02:00:00.${last(least)}`,
    `2026-10-25T00:30:00.${last('000000000')}`,
    `2026-12-31T23:59:59.${last('999999999')}`,
    `2199-12-31T23:59:59.${last('999999999')}`,
  ];
}

async function roundTrip(scene: Scene, timestampType?: string): Promise<void> {
  const rows = instants(scene.standIn.fractionDigits).map((updatedAt, n): StandInRow => ({
    updatedAt,
    externalId: `u${n}`,
    payload: '{}',
  }));
  const source = await scene.create('attributes', rows.toReversed(), timestampType ? { timestampType } : {});
  await using table = await scene.open(source);
  const expected = rows.map((row) => scene.expected(row));
  const read = await readAll(table);
  expect(read).toEqual(expected);
  const texts = read.map((row) => row.updatedAt);
  expect(texts.toSorted()).toEqual(texts);
  expect(new Set(texts.map((text) => text.length)).size).toBe(1);

  // A watermark is put back into a query as it was read.
  for (const at of [2, 5]) {
    const watermark = texts[at] ?? '';
    const from = { from: watermark, to: null };
    expect(await readAll(table, { ...from, inclusive: false })).toEqual(expected.slice(at + 1));
    expect(await readAll(table, { ...from, inclusive: true })).toEqual(expected.slice(at));
    expect(await table.connection.countAfter(table.source, table.columns, watermark)).toBe(
      rows.length - at - 1,
    );
  }
}

/** Milliseconds since 1970 of a fixed-width text, whatever stands between date and time. */
const milliseconds = (text: string): number => Date.parse(`${text.slice(0, 10)}T${text.slice(11, 23)}Z`);

export const precision: Theme = {
  title: 'UPDATED_AT',
  checks: [
    {
      name: 'precision',
      title: 'comes at full precision, as text whose order is that of time, and goes back so',
      run: (scene) => roundTrip(scene),
    },
    {
      name: 'timestamp-types',
      title: 'may have every timestamp type, whatever the time zone of the session',
      run: async (scene) => {
        for (const type of scene.standIn.timestampTypes ?? []) await roundTrip(scene, type);
      },
    },
    {
      name: 'clock',
      title: "the upper bound is the warehouse's clock less the safety lag",
      run: async (scene) => {
        await using connection = await scene.connect();
        const { now, upper } = await connection.clock(90_000);
        expect(Math.abs(milliseconds(now) - Date.now())).toBeLessThan(60_000);
        expect(Math.abs(milliseconds(now) - milliseconds(upper) - 90_000)).toBeLessThan(2);
        expect(now.length).toBe(scene.warehouse.instant('2026-01-01T00:00:00Z').length);
        expect(upper.length).toBe(now.length);
      },
    },
    {
      name: 'order',
      title: 'rows come in its order, and a limit may end among rows of one instant',
      run: async (scene) => {
        const sizes = [1, 9, 10, 11, 25, 1];
        const rows = sizes.flatMap((size, at) =>
          Array.from({ length: size }, (_, n): StandInRow => ({
            updatedAt: instantAt(at),
            externalId: `u${at}-${n}`,
            payload: '{}',
          })),
        );
        // Stored in an order that is not that of time.
        const stored = rows
          .toSorted((a, b) => (a.externalId ?? '').localeCompare(b.externalId ?? ''))
          .reverse();
        await using table = await scene.open(await scene.create('attributes', stored));
        const times = rows.map((row) => scene.expected(row).updatedAt);
        for (const limit of [1, 10, 15, 20, rows.length, rows.length + 1]) {
          const read = await readAll(table, undefined, limit);
          expect(read.map((row) => row.updatedAt)).toEqual(times.slice(0, limit));
          expect(new Set(read.map((row) => row.externalId)).size).toBe(read.length);
        }
      },
    },
    {
      name: 'few-rows',
      title: 'tables without a row, with one, and with rows that lack it',
      run: async (scene) => {
        const without: StandInRow = { updatedAt: null, externalId: 'nobody', payload: '{}' };
        const one: StandInRow = { updatedAt: instantAt(0), externalId: 'one', payload: '{}' };
        await using table = await scene.open(await scene.create('attributes', []));
        const { connection, source, columns } = table;
        expect(await readAll(table)).toEqual([]);
        expect(await connection.count(source, columns, { from: null, inclusive: true, to: null })).toBe(0);
        expect(await connection.countWithoutTimestamp(source, columns)).toBe(0);
        expect(await connection.countAfter(source, columns, scene.expected(one).updatedAt)).toBe(0);

        await using filled = await scene.open(await scene.create('attributes', [without, one, without]));
        expect((await readAll(filled)).map(plain)).toEqual([scene.expected(one)]);
        const { connection: other, source: filledSource, columns: filledColumns } = filled;
        expect(await other.countWithoutTimestamp(filledSource, filledColumns)).toBe(2);
      },
    },
  ],
};
