import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DigestMultiset } from '../../../activities/rows/digest-multiset.ts';

const digestOf = (value: number): Buffer =>
  createHash('sha256').update(String(value)).digest().subarray(0, 16);

test('behaves like a map of counts through any sequence of adding and taking', () => {
  const step = fc.record({ value: fc.integer({ min: 0, max: 40 }), take: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const set = new DigestMultiset();
      const counts = new Map<number, number>();
      for (const { value, take } of steps) {
        const count = counts.get(value) ?? 0;
        if (take) {
          expect(set.take(digestOf(value))).toBe(count > 0);
          counts.set(value, Math.max(0, count - 1));
        } else {
          set.add(digestOf(value));
          counts.set(value, count + 1);
        }
        expect(set.size).toBe([...counts.values()].reduce((sum, each) => sum + each, 0));
      }
    }),
  );
});

test('grows to many digests and finds each of them once', () => {
  const all = Buffer.concat(Array.from({ length: 20_000 }, (_unused, index) => digestOf(index)));
  const set = DigestMultiset.of([all]);
  for (let index = 0; index < 20_000; index += 1) expect(set.take(all, index * 16)).toBe(true);
  expect(set.size).toBe(0);
  expect(set.take(digestOf(1))).toBe(false);
});
