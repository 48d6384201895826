import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type JsonFlaw, MAX_DEPTH, scanJsonObject, valueText } from '../../../model/json-text.ts';

const flawOf = (text: string): JsonFlaw | undefined => {
  const scanned = scanJsonObject(text);
  return scanned.outcome === 'flawed' ? scanned.flaw : undefined;
};

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

/** Texts that are JSON, nearly JSON, or made of what JSON is made of. */
const nearJson = fc.oneof(
  fc.json(),
  fc
    .tuple(
      fc.json(),
      fc.nat(),
      fc.nat({ max: 2 }),
      fc.constantFrom('', '"', '\\', ',', '0', '\t', '\u0000', '\ufeff', 'e', '}'),
    )
    .map(([json, at, removed, put]) => {
      const start = at % (json.length + 1);
      return json.slice(0, start) + put + json.slice(start + removed);
    }),
  fc
    .array(
      fc.constantFrom(
        '{',
        '}',
        '[',
        ']',
        '"',
        '\\',
        ':',
        ',',
        ' ',
        '\n',
        '0',
        '1',
        '-',
        '+',
        '.',
        'e',
        'E',
        'u',
        'true',
        'null',
        'a',
      ),
    )
    .map((parts) => parts.join('')),
);

/** A JSON value as a tree that may name a key twice and that remembers how it is to be written. */
type Tree = { entries: [string, Tree][] } | { elements: Tree[] } | { scalar: string };

const blank = fc.constantFrom('', ' ', '\n\t', '\r ');
const scalar = fc.oneof(
  fc.jsonValue({ maxDepth: 0 }).map((value) => JSON.stringify(value)),
  fc.constantFrom(
    '12.50',
    '-0',
    '9007199254740993',
    '1E+02',
    '"\\u00e9\\/"',
    '"\\ud83d\\ude00"',
    '"\\u0000"',
    '"\ufffd"',
  ),
);
const key = fc.oneof(fc.constantFrom('a', 'b', 'c', '__proto__', ''), fc.string());
const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    scalar.map((text) => ({ scalar: text })),
    fc.record({ entries: fc.array(fc.tuple(key, tie('tree')), { maxLength: 6 }) }),
    fc.record({ elements: fc.array(tie('tree'), { maxLength: 4 }) }),
  ),
}));
const objectTree = fc.record({ entries: fc.array(fc.tuple(key, tree), { maxLength: 30 }) });

function write(node: Tree, pad: string): string {
  if ('scalar' in node) return node.scalar;
  if ('elements' in node)
    return `[${pad}${node.elements.map((element) => write(element, pad)).join(`${pad},`)}${pad}]`;
  return `{${pad}${node.entries.map(([name, value]) => `${JSON.stringify(name)}${pad}:${pad}${write(value, pad)}`).join(`${pad},${pad}`)}${pad}}`;
}

function hasTwins(node: Tree): boolean {
  if ('scalar' in node) return false;
  if ('elements' in node) return node.elements.some(hasTwins);
  const names = node.entries.map(([name]) => name);
  return new Set(names).size < names.length || node.entries.some(([, value]) => hasTwins(value));
}

function depthOf(node: Tree): number {
  if ('scalar' in node) return 0;
  const inner = 'elements' in node ? node.elements : node.entries.map(([, value]) => value);
  return 1 + Math.max(0, ...inner.map(depthOf));
}

describe('scanJsonObject', () => {
  it('takes for JSON exactly what JSON.parse takes', () => {
    fc.assert(
      fc.property(nearJson, (text) => {
        expect(flawOf(text) !== 'not_json').toBe(isJson(text));
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['', 'not_json'],
    ['{"a":01}', 'not_json'],
    ['{"a":1.}', 'not_json'],
    ['{"a":.5}', 'not_json'],
    ['{"a":-}', 'not_json'],
    ['{"a":1e}', 'not_json'],
    ['{"a":1e+}', 'not_json'],
    ['{"a":+1}', 'not_json'],
    ['{"a":NaN}', 'not_json'],
    ['{"a":nul}', 'not_json'],
    ['{"a":1,}', 'not_json'],
    ['{"a":[1,]}', 'not_json'],
    ['{"a" 1}', 'not_json'],
    ['{a:1}', 'not_json'],
    ["{'a':1}", 'not_json'],
    ['{"a":1} x', 'not_json'],
    ['{"a":1}{}', 'not_json'],
    ['{"a":"\t"}', 'not_json'],
    ['{"a":"\u0000"}', 'not_json'],
    ['{"a":"\\x"}', 'not_json'],
    ['{"a":"\\u12g4"}', 'not_json'],
    ['{"a":"\\u12.4"}', 'not_json'],
    ['{"a":"\\u12/4"}', 'not_json'],
    ['{"a":"\\u12:4"}', 'not_json'],
    ['{"a":"\\u12@4"}', 'not_json'],
    ['{"a":"\\u12`4"}', 'not_json'],
    ['{"a":"\\u12', 'not_json'],
    ['{"a":"b', 'not_json'],
    ['\ufeff{}', 'not_json'],
    ['{"a":1\u00a0}', 'not_json'],
    ['{"a":"\ud800"', 'not_json'],
    ['[]', 'not_object'],
    ['"a"', 'not_object'],
    [' null ', 'not_object'],
    ['1', 'not_object'],
    ['{"a":1,"a":1}', 'duplicate_key'],
    ['{"a":1,"\\u0061":2}', 'duplicate_key'],
    ['{"x":[{"a":1,"b":{},"a":2}]}', 'duplicate_key'],
    ['{"__proto__":1,"__proto__":2}', 'duplicate_key'],
    ['{"a":"\ud800"}', 'broken_unicode'],
    ['{"a":"\udc00\ud800"}', 'broken_unicode'],
    ['{"\ud800":1}', 'broken_unicode'],
    ['{"a":["\\ud800"]}', 'broken_unicode'],
    ['{"a":"\\ud800\\ud800\\udc00"}', 'broken_unicode'],
    ['{"a":"\\udc00"}', 'broken_unicode'],
    ['{"a":"\\udfff"}', 'broken_unicode'],
    ['{"a":"\\ud800\\ue000"}', 'broken_unicode'],
    ['{"a":"\ud800\ue000"}', 'broken_unicode'],
    ['{"a":"\\ud800\\udc0"}', 'not_json'],
    ['{"a":"\\ud83dx"}', 'broken_unicode'],
    ['{"a":"\\ud83dxxde00"}', 'broken_unicode'],
    ['{"a":"\\ud83dxude00"}', 'broken_unicode'],
    ['{"a":"\\ud83d\\nde00"}', 'broken_unicode'],
  ] as const)('finds the flaw of %j', (text, flaw) => {
    expect(flawOf(text)).toBe(flaw);
  });

  it('finds a pair of surrogates broken that is half raw and half escaped, though it joins when decoded', () => {
    for (const text of ['{"a":"\ud83d\\ude00"}', '{"a":"\\ud83d\ude00"}']) {
      expect((JSON.parse(text) as { a: string }).a.isWellFormed()).toBe(true);
      expect(flawOf(text)).toBe('broken_unicode');
    }
  });

  it.each([
    '{"a":"\\uD800\\uDC00\\udbff\\udfff\ud800\udc00\udbff\udfff\\ud7ff\\uE000\\u00aF"}',
    '{}',
    ' {\n} ',
    '{"a":"\\ud83d\\ude00\ud83d\ude00"}',
    '{"a":"\\u0000\ufffd"}',
    '{"a":1,"A":1,"a ":1}',
    '{"a":"\ud7ff\ue000"}',
  ])('accepts %j', (text) => {
    expect(flawOf(text)).toBeUndefined();
  });

  it('finds keys that are written twice at any depth, in small and large objects, and nothing else', () => {
    fc.assert(
      fc.property(objectTree, blank, (node, pad) => {
        expect(flawOf(write(node, pad))).toBe(hasTwins(node) ? 'duplicate_key' : undefined);
      }),
      { numRuns: 500 },
    );
  });

  it('finds twins wherever they stand, however many keys lie around them', () => {
    const withTwins = (count: number, first: number, second: number): string => {
      const names = Array.from({ length: count }, (_, index) => `k${index}`);
      names[second] = names[first] ?? '';
      return `{${names.map((name) => `"${name}":0`).join(',')}}`;
    };
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 60 }), fc.nat(), fc.nat(), (count, left, right) => {
        const [first, second] = [left % count, right % count];
        expect(flawOf(withTwins(count, first, second))).toBe(first === second ? undefined : 'duplicate_key');
      }),
    );
  });

  it('finds every lone surrogate', () => {
    const units = fc
      .array(fc.constantFrom('a', '\ud83d', '\ude00', '\ud83d\ude00', 'é'), { maxLength: 6 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(units, fc.boolean(), (value, escaped) => {
        const raw = `"${value}"`;
        const written = escaped
          ? raw.replace(/[\ud800-\udfff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16)}`)
          : raw;
        expect(flawOf(`{"a":${written}}`)).toBe(value.isWellFormed() ? undefined : 'broken_unicode');
      }),
    );
  });

  it('gives members, inner text and depth as they are written', () => {
    fc.assert(
      fc.property(
        objectTree.filter((node) => !hasTwins(node)),
        blank,
        (node, pad) => {
          const text = `${pad}${write(node, pad)}${pad}`;
          const scanned = scanJsonObject(text);
          if (scanned.outcome !== 'object') throw new Error(scanned.flaw);
          expect(scanned.members.map((member) => member.key)).toEqual(node.entries.map(([name]) => name));
          expect(scanned.members.map((member) => member.text)).toEqual(
            node.entries.map(([name, value]) => `${JSON.stringify(name)}${pad}:${pad}${write(value, pad)}`),
          );
          expect(scanned.members.map(valueText)).toEqual(node.entries.map(([, value]) => write(value, pad)));
          expect(text).toBe(`${pad}{${scanned.inner}}${pad}`);
          expect(scanned.depth).toBe(depthOf(node));
        },
      ),
    );
  });

  it('tells the kind of each value', () => {
    const scanned = scanJsonObject('{"a":{},"b":[],"c":"","d":-1,"e":true,"f":false,"g":null}');
    expect(scanned.outcome === 'object' && scanned.members.map((member) => member.kind)).toEqual([
      'object',
      'array',
      'string',
      'number',
      'boolean',
      'boolean',
      'null',
    ]);
  });

  it('reads as deep as the limit and no deeper, however hostile the text', () => {
    const nested = (levels: number): string => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
    expect(flawOf(nested(MAX_DEPTH))).toBeUndefined();
    expect(flawOf(nested(MAX_DEPTH + 1))).toBe('too_deep');
    expect(flawOf('['.repeat(1_000_000))).toBe('too_deep');
    expect(flawOf('{"a":'.repeat(1_000_000))).toBe('too_deep');
  });
});
