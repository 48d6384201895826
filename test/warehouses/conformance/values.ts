import { expect } from 'vitest';
import { IDENTIFIER_COLUMNS } from '../../../model/row.ts';
import type { StandInRow } from '../stand-in.ts';
import type { Theme } from './check.ts';
import { type Scene, instantAt, readAll } from './scene.ts';

/** Written as a customer might; no two of them are the same once a program has read and written them again. */
const EXACT_PAYLOADS = [
  '{"big":9007199254740993,"bigger":123456789012345678901234567890}',
  '{"price":12.50,"tiny":1e-7,"exponent":1E3,"minus":-0}',
  '{ "spaced" :\t[ 1 , 2 ] }',
  '{"same":1,"same":2}',
  '{"escaped":"\\u00fc\\n\\"","solidus":"\\/"}',
  'not JSON at all',
  '',
];
const UNICODE = [
  'Zoë Ünïcødé ẞ',
  '日本語 한국어 العربية',
  '🎉👩‍👩‍👧‍👦🏳️‍🌈',
  'e\u0301 is not \u00e9',
  'line\nbreak, tab\t, quote " and \' and `, backslash \\, percent % _',
  '\u2028\u00a0\u200b\ufeff',
  `separator \u001f, ?, :wm, @wm, $1, {p}`,
];
const LONGEST_PAYLOAD_BYTES = 65_000;
/** For columns that are no text: what the warehouse makes of it must mean the same. */
const TYPED_PAYLOAD = {
  name: 'Zoë 🎉',
  count: 7,
  price: 12.5,
  flag: true,
  tags: ['a', 'b'],
  nested: { text: 'x', deep: { n: 1 } },
};
const TEXTS_ONLY = { first: 'a', second: 'Zoë 🎉' };

/** Writes rows with these payloads, reads them, and compares exactly. */
async function same(scene: Scene, rows: readonly StandInRow[]): Promise<void> {
  await using table = await scene.open(await scene.create('attributes', rows));
  expect(await readAll(table)).toEqual(rows.map((row) => scene.expected(row)));
}

export const values: Theme = {
  title: 'Values',
  checks: [
    {
      name: 'identifiers',
      title: 'identifiers may be NULL, each of them and all, and are told from empty ones',
      run: (scene) => {
        const alone = IDENTIFIER_COLUMNS.map((column) => ({ [column]: `only ${column}` }));
        const all = Object.fromEntries(IDENTIFIER_COLUMNS.map((column) => [column, `${column} of all`]));
        const empty = Object.fromEntries(IDENTIFIER_COLUMNS.map((column) => [column, '']));
        return same(
          scene,
          [...alone, all, {}, empty].map((row, n) => ({ ...row, updatedAt: instantAt(n), payload: '{}' })),
        );
      },
    },
    {
      name: 'integer-identifiers',
      title: 'identifiers may be whole numbers of 64 bits',
      run: async (scene) => {
        const numbers = ['9007199254740993', '-9223372036854775808', '0'];
        const rows = numbers.map((n, at) => ({
          updatedAt: instantAt(at),
          externalId: n,
          brazeId: null,
          payload: '{}',
        }));
        await using table = await scene.open(
          await scene.create('attributes', rows, { identifierType: 'integer' }),
        );
        expect(await readAll(table)).toEqual(rows.map((row) => scene.expected(row)));
      },
    },
    {
      name: 'unicode',
      title: 'any Unicode text',
      run: (scene) =>
        same(
          scene,
          UNICODE.map((text, n) => ({
            updatedAt: instantAt(n),
            externalId: text,
            payload: JSON.stringify({ text }),
          })),
        ),
    },
    {
      name: 'exact-payloads',
      title: 'text payloads byte for byte: whole numbers beyond 2^53, `12.50`, blanks, what is no JSON, NULL',
      run: (scene) =>
        same(
          scene,
          [...EXACT_PAYLOADS, null].map((payload, n) => ({
            updatedAt: instantAt(n),
            externalId: `u${n}`,
            payload,
          })),
        ),
    },
    {
      name: 'large-payloads',
      title: 'payloads of 65,000 bytes',
      run: (scene) => {
        const filler = ['x', 'ü', '🎉'].map((unit) => {
          const frame = '{"text":""}'.length;
          const bytes = Buffer.byteLength(unit);
          return `{"text":"${unit.repeat(Math.floor((LONGEST_PAYLOAD_BYTES - frame) / bytes))}"}`;
        });
        return same(
          scene,
          filler.map((payload, n) => ({ updatedAt: instantAt(n), externalId: `u${n}`, payload })),
        );
      },
    },
    {
      name: 'payload-types',
      title: 'PAYLOAD may have every type',
      run: async (scene) => {
        for (const payloadType of scene.standIn.payloadTypes) {
          const meant = /^map/i.test(payloadType) ? TEXTS_ONLY : TYPED_PAYLOAD;
          const rows = [JSON.stringify(meant), null].map((payload, n) => ({
            updatedAt: instantAt(n),
            externalId: `u${n}`,
            payload,
          }));
          await using table = await scene.open(await scene.create('attributes', rows, { payloadType }));
          const [typed, none] = await readAll(table);
          expect(JSON.parse(typed?.payload ?? 'null'), payloadType).toEqual(meant);
          expect(none?.payload, payloadType).toBe(null);
        }
      },
    },
    {
      name: 'deleted',
      title: 'DELETED is true, false or NULL; a catalog has an id and no identifiers',
      run: async (scene) => {
        const rows = [true, false, null].map((deleted, n) => ({
          updatedAt: instantAt(n),
          id: `item-${n}`,
          payload: '{"title":"t"}',
          deleted,
        }));
        await using table = await scene.open(await scene.create('catalog', rows), 'catalog');
        expect(await readAll(table)).toEqual(rows.map((row) => scene.expected(row)));
      },
    },
    {
      name: 'no-payload',
      title: 'user deletes have no PAYLOAD',
      run: async (scene) => {
        const rows = ['a', 'b'].map((externalId, n) => ({ updatedAt: instantAt(n), externalId }));
        await using table = await scene.open(await scene.create('user_deletes', rows), 'user_deletes');
        expect(await readAll(table)).toEqual(rows.map((row) => scene.expected(row)));
      },
    },
  ],
};
