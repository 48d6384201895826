import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countElements } from '../../braze-simulator/count-elements.ts';
import {
  rawArrays,
  rawElements,
  rawKind,
  rawMembers,
  rawObject,
  sameRaw,
} from '../../braze-simulator/raw-json.ts';

/** JSON knows no negative zero. */
const json = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown);
const object = fc.dictionary(fc.string(), json, { noNullPrototype: true });
const layouts = fc.constantFrom(undefined, 1, '\t');

function parsed(raw: string): unknown {
  return JSON.parse(raw);
}

describe('raw JSON slices', () => {
  it('cut an object into its members', () => {
    fc.assert(
      fc.property(object, layouts, (value, indent) => {
        const members = rawMembers(JSON.stringify(value, null, indent));
        expect(Array.from(members.keys()).sort()).toEqual(Object.keys(value).sort());
        for (const [key, raw] of members) expect(parsed(raw)).toEqual(value[key]);
      }),
    );
  });

  it('cut an array into its elements', () => {
    fc.assert(
      fc.property(fc.array(json), layouts, (values, indent) => {
        expect(rawElements(JSON.stringify(values, null, indent)).map(parsed)).toEqual(values);
      }),
    );
  });

  it('cut the arrays of an object and count the same elements in its bytes', () => {
    fc.assert(
      fc.property(object, layouts, (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        const arrays = rawArrays(text);
        const counts = countElements(Buffer.from(text));
        const names = Object.keys(value).filter((name) => Array.isArray(value[name]));
        expect(Array.from(arrays.keys()).sort()).toEqual(names.sort());
        expect(counts.size).toBe(names.length);
        for (const name of names) {
          const elements = arrays.get(name) ?? [];
          expect(elements.map(parsed)).toEqual(value[name]);
          expect(counts.get(JSON.stringify(name).slice(1, -1))).toBe(elements.length);
        }
      }),
    );
  });

  it('keep numbers as they were written', () => {
    const members = rawMembers('{ "price" : 12.50, "big":9007199254740993 ,"e":1E3}');
    expect(Object.fromEntries(members)).toEqual({ price: '12.50', big: '9007199254740993', e: '1E3' });
    expect(rawObject(members)).toBe('{"price":12.50,"big":9007199254740993,"e":1E3}');
  });

  it('let the last of two equal keys win, as JSON.parse does', () => {
    expect(rawMembers('{"a":1,"\\u0061":2}').get('a')).toBe('2');
    expect(rawArrays('{"a":[1],"a":2}').has('a')).toBe(false);
  });

  it('tell the kind of a value', () => {
    const kinds = [' {}', '[]', '"x"', '-1', 'true', 'false', 'null'].map(rawKind);
    expect(kinds).toEqual(['object', 'array', 'string', 'number', 'boolean', 'boolean', 'null']);
  });

  it('compare texts by value and numbers by digits', () => {
    expect(sameRaw('"a"', '"\\u0061"')).toBe(true);
    expect(sameRaw('9007199254740993', '9007199254740992')).toBe(false);
  });
});
