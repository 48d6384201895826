import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type JsonObjectText, scanJsonObject } from '../../../model/json-text.ts';
import { withoutSuperseded } from '../../../model/supersede.ts';

function scan(payload: unknown): JsonObjectText {
  const scanned = scanJsonObject(typeof payload === 'string' ? payload : JSON.stringify(payload));
  if (scanned.outcome !== 'object') throw new Error('not an object');
  return scanned;
}

function left(late: unknown, ...newer: unknown[]): unknown {
  const text = typeof late === 'string' ? late : JSON.stringify(late);
  const payload = withoutSuperseded({ text, object: scan(text) }, newer.map(scan));
  return payload === undefined ? undefined : (JSON.parse(payload) as unknown);
}

describe('what a late row still has to say', () => {
  test('is what no newer row has set', () => {
    expect(left({ a: 1, b: 2 }, { b: 3 })).toEqual({ a: 1 });
    expect(left({ a: 1, b: 2, c: 3 }, { b: 3 }, { a: null })).toEqual({ c: 3 });
    expect(left({ a: 1 }, { a: 2 }, { b: 2 })).toBeUndefined();
    expect(left({}, { a: 1 })).toEqual({});
  });

  test('stands as it was written where nothing was set since', () => {
    const text = '{ "n": 12.50, "big": 9007199254740993 }';
    const kept = withoutSuperseded({ text, object: scan(text) }, [scan({ other: 1 })]);
    expect(kept).toBe(text);
  });

  test('keeps the text of the members that go', () => {
    const text = '{"gone":1, "n" : 12.50,"big":9007199254740993}';
    const kept = withoutSuperseded({ text, object: scan(text) }, [scan({ gone: 2 })]);
    expect(kept).toContain('12.50');
    expect(kept).toContain('9007199254740993');
    expect(JSON.parse(kept ?? '')).not.toHaveProperty('gone');
  });

  test('is nothing where only members are left that steer others', () => {
    expect(left({ _merge_objects: true, a: { b: 1 } }, { a: 1 })).toBeUndefined();
    expect(left({ _update_existing_only: true, a: 1 }, { a: 2 })).toBeUndefined();
    expect(left({ _merge_objects: true, a: { b: 1 }, c: 1 }, { a: 1, _merge_objects: false })).toEqual({
      _merge_objects: true,
      c: 1,
    });
  });

  test('adds increments up, in any order, and lets no increment pass a value', () => {
    expect(left({ n: { inc: 2 } }, { n: { inc: 3 } })).toEqual({ n: { inc: 2 } });
    expect(left('{"n": { "inc" : 2 }}', '{"n":{"inc":1}}', '{"n":{"inc":5}}')).toEqual({ n: { inc: 2 } });
    expect(left({ n: { inc: 2 } }, { n: 7 })).toBeUndefined();
    expect(left({ n: { inc: 2 } }, { n: { inc: 1 } }, { n: 7 })).toBeUndefined();
    expect(left({ n: { inc: 2 } }, { n: 7 }, { n: { inc: 1 } })).toBeUndefined();
    expect(left({ n: 5 }, { n: { inc: 1 } })).toBeUndefined();
    expect(left({ n: { add: ['inc'] } }, { n: { inc: 1 } })).toBeUndefined();
  });

  test('leaves a profile as the rows in their own order would', () => {
    const value = fc.oneof(fc.integer(), fc.constant(null), fc.string());
    const payload = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), value);
    fc.assert(
      fc.property(payload, fc.array(payload, { minLength: 1, maxLength: 4 }), (late, newer) => {
        const inOrder = Object.assign({}, late, ...newer) as object;
        const rest = left(late, ...newer) ?? {};
        expect({ ...(Object.assign({}, ...newer) as object), ...rest }).toEqual(inOrder);
        const set = new Set(newer.flatMap((each) => Object.keys(each)));
        for (const key of Object.keys(rest)) expect(set.has(key)).toBe(false);
      }),
    );
  });
});
