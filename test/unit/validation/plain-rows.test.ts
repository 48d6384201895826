/** The short way for ordinary rows must make of each row it takes exactly what the row rules make of it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { userNumber } from '../../../activities/braze/user-number.ts';
import { RowPage, RowPageWriter } from '../../../activities/rows/row-page.ts';
import { PlainRows } from '../../../activities/validation/plain-rows.ts';
import { TextArena } from '../../../activities/validation/text-arena.ts';
import type { RowRules } from '../../../model/composed-object.ts';
import type { SourceRow } from '../../../model/row.ts';
import { composeRow } from '../../../model/rules/compose-row.ts';
import { sourceRow } from '../source-row.ts';

/** What the short way makes of rows of one page: the text and the user's number, or undefined where it is not sure. */
function shortWay(page: RowPage, rules: RowRules): ({ text: string; user: number } | undefined)[] {
  const arena = new TextArena(16);
  const plain = new PlainRows(rules);
  return Array.from({ length: page.rows }, (_unused, index) => {
    const start = arena.length;
    if (!plain.compose(page, index, arena)) {
      expect(arena.length).toBe(start);
      return undefined;
    }
    return { text: arena.bytes.toString('utf8', start, arena.length), user: plain.user };
  });
}

function pageOf(rows: readonly SourceRow[]): RowPage {
  const writer = new RowPageWriter({ initialBytes: 64 });
  for (const row of rows) writer.add(row);
  return new RowPage(writer.finish());
}

/** Rows are read from the page, where a lone surrogate of a text has become what UTF-8 makes of it. */
function expectSame(rows: readonly SourceRow[], rules: RowRules): void {
  const page = pageOf(rows);
  shortWay(page, rules).forEach((short, index) => {
    if (short === undefined) return;
    const full = composeRow(page.row(index), rules);
    if (full.outcome === 'rejected') throw new Error(`${full.code}: ${JSON.stringify(page.row(index))}`);
    expect(short).toEqual({ text: full.text, user: userNumber(full.identity) });
    if (rules.dataType === 'attributes') expect(full.mergeable).toBeDefined();
  });
}

const TYPES = ['attributes', 'events', 'purchases'] as const;
const rulesOf = fc.record({ dataType: fc.constantFrom(...TYPES), updateExistingOnly: fc.boolean() });

const KEYS = [
  ...[
    'a',
    'b',
    'name',
    'time',
    'properties',
    'product_id',
    'currency',
    'price',
    'quantity',
    'app_id',
    'email',
  ],
  ...['phone', 'external_id', 'braze_id', 'user_alias', 'alias_name', 'email_subscribe', 'push_subscribe'],
  ...[
    'subscription_groups',
    '_merge_objects',
    '_update_existing_only',
    'push_tokens',
    'inc',
    'add',
    'remove',
  ],
  ...['$add', '$time', 'event_name', 'a b', 'a.b', '', 'é', 'facebook', 'current_location'],
];
const WORDS = [
  'x',
  'opted_in',
  'nope',
  'USD',
  'é',
  '👩‍🚀',
  '2026-01-01T00:00:00Z',
  '"',
  '\\',
  '\n',
  '\u0000',
  '\ud83d',
];
const key = fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...KEYS) }, fc.string());
const leaf = fc.oneof(
  fc.constantFrom(...WORDS),
  fc.string({ unit: 'binary' }),
  fc.integer({ min: 250, max: 260 }).map((length) => 'y'.repeat(length)),
  fc.integer({ min: -2, max: 101 }),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    { weight: 4, arbitrary: leaf },
    { weight: 1, arbitrary: fc.array(tie('value'), { maxLength: 4 }) },
    { weight: 2, arbitrary: fc.dictionary(key, tie('value'), { maxKeys: 4 }) },
  ),
}));
/** Objects that are likely to be a valid event or purchase as well. */
const object = fc
  .tuple(fc.dictionary(key, value, { maxKeys: 6 }), fc.nat({ max: 7 }))
  .map(([members, given]) => ({
    ...(given & 1 ? { name: 'opened' } : {}),
    ...(given & 2 ? { product_id: 'p', currency: 'USD', price: 1.5 } : {}),
    ...(given & 4 ? { time: '2026-01-01T00:00:00Z' } : {}),
    ...members,
  }));

/** Texts of payloads: as a program writes them, with blanks and escapes, with one character changed, cut short. */
const payload = fc
  .tuple(
    object,
    fc.nat({ max: 3 }),
    fc.nat(),
    fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      ',',
      ':',
      '\\',
      ' ',
      '0',
      '-',
      '.',
      'e',
      'E',
      'u',
      '\u0001',
      'é',
    ),
    fc.nat({ max: 9 }),
  )
  .map(([members, spaces, at, character, form]) => {
    const text = JSON.stringify(members, null, spaces);
    if (form === 0) return text.slice(0, at % (text.length + 1));
    if (form === 1)
      return text.replaceAll(
        /[^\u0020-\u007e]/gu,
        (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
      );
    if (form > 3) return text;
    const place = at % (text.length + 1);
    return text.slice(0, place) + character + text.slice(form === 2 ? place : place + 1);
  });

const identifier = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('user-1', 'A b', 'z'.repeat(254), 'z'.repeat(1_000)) },
  fc.constantFrom('', 'ü', '"', '\\', '\u0000', 'x\u007f'),
  fc.string({ unit: 'binary' }),
);
const rarely = fc.option(identifier, { freq: 1 }).map((text) => text ?? null);
const anyRow: fc.Arbitrary<SourceRow> = fc.record({
  updatedAt: fc.constantFrom('2026-01-31 10:15:00.123456', '12026-01-31 10:15:00.123456'),
  externalId: fc.option(identifier, { freq: 12 }),
  aliasName: fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, rarely),
  aliasLabel: fc.constant(null),
  brazeId: fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, rarely),
  email: fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, rarely),
  phone: fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, rarely),
  id: fc.constant(null),
  payload: fc.option(payload, { freq: 20 }),
  deleted: fc.constant(null),
});

test('agrees with the row rules on whatever it takes', () => {
  fc.assert(fc.property(fc.array(anyRow, { minLength: 1, maxLength: 12 }), rulesOf, expectSame), {
    numRuns: 3_000,
  });
});

describe('ordinary rows are taken', () => {
  const attributes: RowRules = { dataType: 'attributes', updateExistingOnly: false };
  test.each([
    [
      '{"first_name":"Zoë","n":1,"f":12.50,"big":9007199254740993,"t":true,"z":null,"list":["a"],"in":{"a":{"b":"c"}}}',
    ],
    [' { "a" : [ 1 , -2.5e+3 ] , "b" : "\\u00e9\\n\\"" } '],
    ['{"email":"field@example.com","phone":"+1","email_subscribe":"opted_in"}'],
    ['{}'],
  ])('attributes %s', (text) => {
    const row = sourceRow({ payload: text });
    expect(shortWay(pageOf([row]), attributes)[0]).toBeDefined();
    expectSame([row], attributes);
  });

  test.each([
    ['events', '{"name":"opened","properties":{"Product Name":"a","time_spent":3,"nested":{"a":[1]}}}'],
    ['events', '{"name":"opened","time":"2026-01-01T00:00:00.123Z","app_id":null}'],
    ['purchases', '{"product_id":"p","currency":"USD","price":1.50,"quantity":3,"properties":{}}'],
  ] as const)('%s %s', (dataType, text) => {
    const row = sourceRow({ payload: text });
    const rules: RowRules = { dataType, updateExistingOnly: true };
    expect(shortWay(pageOf([row]), rules)[0]).toBeDefined();
    expectSame([row], rules);
  });
});

describe('the row rules decide', () => {
  test.each([
    ['{"a":1,"a":2}'],
    ['{"in":{"a":1,"a":2}}'],
    ['{"points":{"inc":1}}'],
    ['{"when":{"$time":"2026-01-01"}}'],
    ['{"a":"\\ud83d"}'],
    ['{"\\u0061":1}'],
    ['{"subscription_groups":[]}'],
    ['{"email_subscribe":"sure"}'],
    [`{"in":{"a":"${'x'.repeat(256)}"}}`],
    [`{"in":{"${'x'.repeat(256)}":1}}`],
    [`${'{"a":'.repeat(40)}1${'}'.repeat(40)}`],
    ['{"a":1'],
    ['{"a":1}}'],
    ['{"a":01}'],
    ['[1]'],
  ])('attributes %s', (text) => {
    expect(
      shortWay(pageOf([sourceRow({ payload: text })]), { dataType: 'attributes', updateExistingOnly: false }),
    ).toEqual([undefined]);
  });
});

test.each([
  [{ brazeId: 'b' }],
  [{ email: 'a@example.com' }],
  [{ externalId: null }],
  [{ externalId: 'x'.repeat(256) }],
  [{ payload: `{"a":"${'x'.repeat(102_400)}"}` }],
] as Partial<SourceRow>[][])('the row rules decide on %o', (change = {}) => {
  const page = pageOf([sourceRow(change)]);
  expect(shortWay(page, { dataType: 'attributes', updateExistingOnly: false })).toEqual([undefined]);
});

test('the row rules decide on bytes that are no text', () => {
  const page = pageOf([sourceRow({ payload: '{"a":"xy"}' })]);
  page.bytes[page.bytes.indexOf('xy')] = 0xff;
  expect(shortWay(page, { dataType: 'attributes', updateExistingOnly: false })).toEqual([undefined]);
});
