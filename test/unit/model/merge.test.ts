import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SourceRow } from '../../../model/row.ts';
import { type MergeableRow, mergeObjects } from '../../../model/merge.ts';
import { ATTRIBUTES, composed, row, userRow } from './rules/rows.ts';

const mergeable = (sources: readonly SourceRow[]): MergeableRow[] =>
  sources.map((source, index) => ({ row: index * 10, object: composed(source, ATTRIBUTES) }));

/** A profile after objects were applied in order: null clears, other values replace, `inc` adds. */
function profileAfter(texts: readonly string[]): Map<string, unknown> {
  const profile = new Map<string, unknown>();
  for (const text of texts) {
    for (const [key, value] of Object.entries(JSON.parse(text) as Record<string, unknown>)) {
      const step = typeof value === 'object' && value !== null ? (value as { inc?: number }).inc : undefined;
      if (value === null) profile.delete(key);
      else if (step !== undefined) profile.set(key, Number(profile.get(key) ?? 0) + step);
      else profile.set(key, value);
    }
  }
  return profile;
}

const few = fc.dictionary(
  fc.constantFrom('a', 'b', 'c', 'd', '1', '__proto__', 'toString'),
  fc.oneof(
    fc.integer(),
    fc.constant(null),
    fc.string(),
    fc.constant([1, 2]),
    fc.constant({ x: 1 }),
    fc.constant({ inc: 1 }),
  ),
  { maxKeys: 5 },
);
/** Payloads of up to 250 keys, so that limits are met. */
const many = fc
  .tuple(fc.nat({ max: 400 }), fc.integer({ min: 1, max: 250 }), fc.integer())
  .map(([from, count, value]) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${from + index}`, value])),
  );
const users = fc.array(
  fc.tuple(fc.oneof({ weight: 3, arbitrary: few }, many), fc.constantFrom('a@b.c', 'a@b.c', 'A@b.c')),
  { maxLength: 8 },
);

describe('mergeObjects', () => {
  it('leaves the profile as the rows in their order would', () => {
    fc.assert(
      fc.property(users, (payloads) => {
        const rows = mergeable(
          payloads.map(([payload, email]) => row({ email, payload: JSON.stringify(payload) })),
        );
        const merged = mergeObjects(rows);
        expect(profileAfter(merged.map(({ text }) => text))).toEqual(
          profileAfter(rows.map(({ object }) => object.text)),
        );
      }),
    );
  });

  it('accounts for each row once, in order, and never for more than 250 keys', () => {
    fc.assert(
      fc.property(fc.array(many, { maxLength: 8 }), (payloads) => {
        const rows = mergeable(payloads.map((payload) => userRow(payload)));
        const merged = mergeObjects(rows);
        expect(merged.flatMap((object) => object.rows)).toEqual(rows.map((source) => source.row));
        for (const { text, rows: own } of merged) {
          expect(Object.keys(JSON.parse(text) as object).length - 1).toBeLessThanOrEqual(250);
          const keys = new Set(own.flatMap((index) => Object.keys(payloads[index / 10] ?? {})));
          expect(new Set(Object.keys(JSON.parse(text) as object))).toEqual(keys.add('external_id'));
        }
      }),
    );
  });

  it('keeps the first place and the latest text of a key, as written', () => {
    const rows = mergeable([
      userRow('{"a" : 1.0,"b":1}'),
      userRow('{"c":12.50}'),
      userRow('{ "a":9007199254740993 ,"b": null}'),
    ]);
    expect(mergeObjects(rows)).toEqual([
      { text: '{"external_id":"u1","a":9007199254740993,"b": null,"c":12.50}', rows: [0, 10, 20] },
    ]);
  });

  it('joins all rows where it may', () => {
    expect(mergeObjects(mergeable([userRow({}), userRow({}), userRow({ a: 1 })]))).toEqual([
      { text: '{"external_id":"u1","a":1}', rows: [0, 10, 20] },
    ]);
    expect(mergeObjects(mergeable([userRow({}), userRow({})]))).toEqual([
      { text: '{"external_id":"u1"}', rows: [0, 10] },
    ]);
    expect(mergeObjects([])).toEqual([]);
  });

  it('leaves a single row its text', () => {
    expect(mergeObjects(mergeable([userRow('{ "a" : 1 }')]))).toEqual([
      { text: '{"external_id":"u1", "a" : 1 }', rows: [0] },
    ]);
  });

  it('keeps a row with an operator alone, and in its place', () => {
    const rows = mergeable([
      userRow({ a: 1 }),
      userRow({ b: 1 }),
      userRow({ a: { inc: 1 } }),
      userRow({ a: 5 }),
    ]);
    expect(mergeObjects(rows).map((object) => object.rows)).toEqual([[0, 10], [20], [30]]);
  });

  it('does not join two spellings of an e-mail address', () => {
    const rows = mergeable([
      row({ email: 'a@b.c', payload: '{"x":1}' }),
      row({ email: 'A@b.c', payload: '{"x":2}' }),
    ]);
    expect(mergeObjects(rows).map((object) => object.rows)).toEqual([[0], [10]]);
  });

  it('fills an object up to 250 keys and begins another with the row that would not fit', () => {
    const keys = (from: number, count: number): object =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${from + index}`, 1]));
    const groups = (...payloads: object[]): number[][] =>
      mergeObjects(mergeable(payloads.map((payload) => userRow(payload)))).map((object) => [...object.rows]);
    expect(groups(keys(0, 249), keys(249, 1))).toEqual([[0, 10]]);
    expect(groups(keys(0, 250), keys(0, 250))).toEqual([[0, 10]]);
    expect(groups(keys(0, 250), keys(250, 1))).toEqual([[0], [10]]);
  });

  it('stays below the size that one row may have', () => {
    const large = (key: string): SourceRow => userRow({ [key]: '€'.repeat(200_000) });
    const merged = mergeObjects(mergeable([large('a'), large('b'), userRow({ c: 1 })]));
    expect(merged.map((object) => object.rows)).toEqual([[0], [10, 20]]);
    for (const { text } of merged)
      expect(new TextEncoder().encode(text).length).toBeLessThanOrEqual(1_048_576);
  });

  it('joins texts of 340,000 code units together, and not of one more', () => {
    const groups = (second: number): number =>
      mergeObjects(
        [200_000, second].map((length, index) => {
          const object = composed(userRow({ [`k${index}`]: '' }), ATTRIBUTES);
          return { row: index, object: { ...object, text: 'x'.repeat(length) } };
        }),
      ).length;
    expect([groups(139_999), groups(140_000), groups(140_001)]).toEqual([1, 1, 2]);
  });
});
