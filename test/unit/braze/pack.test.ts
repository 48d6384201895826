import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeBatch, encodeBatch, userNumber } from '../../../activities/braze/batch-pages.ts';
import { endpointOf } from '../../../activities/braze/endpoints.ts';
import { type PackableObject, packBatches } from '../../../activities/braze/pack.ts';
import { REQUEST_KINDS, type RequestKind } from '../../../model/composed-object.ts';

const limits = { objects: () => 5, bytes: 200 };

const objects = (kinds: readonly RequestKind[]): fc.Arbitrary<PackableObject[]> =>
  fc
    .array(
      fc.record({
        kind: fc.constantFrom(...kinds),
        identity: fc.integer({ min: 0, max: 8 }).map(String),
        size: fc.integer({ min: 2, max: 260 }),
      }),
      { maxLength: 80 },
    )
    .map((list) =>
      list.map(({ kind, identity, size }, row) => ({
        kind,
        identity,
        text: `"${'x'.repeat(size - 2)}"`,
        rows: [row],
      })),
    );

describe('packing', () => {
  test('keeps every object once, within the limits of its kind', () => {
    fc.assert(
      fc.property(objects(REQUEST_KINDS), (input) => {
        const batches = packBatches(input, limits);
        expect(
          batches.flatMap((batch) => batch.objects.flatMap(({ rows }) => rows)).sort((a, b) => a - b),
        ).toEqual(input.map((_object, row) => row));
        for (const batch of batches) {
          expect(batch.objects.every(({ kind }) => kind === batch.kind)).toBe(true);
          expect(batch.objects.length).toBeLessThanOrEqual(5);
          const bytes = batch.objects.reduce((sum, { text }) => sum + text.length + 1, 0);
          if (batch.objects.length > 1) expect(bytes).toBeLessThanOrEqual(200);
        }
      }),
    );
  });

  test("keeps each user's objects in order, and of attributes one to a request", () => {
    fc.assert(
      fc.property(objects(['attributes']), (input) => {
        const seen = new Map<string, number>();
        for (const batch of packBatches(input, limits)) {
          const identities = batch.objects.map(({ identity }) => identity);
          expect(new Set(identities).size).toBe(identities.length);
          for (const { identity, rows } of batch.objects) {
            expect(rows[0]).toBeGreaterThan(seen.get(identity) ?? -1);
            seen.set(identity, rows[0] ?? 0);
          }
        }
      }),
    );
  });

  test('lets events of one user share a request, in order', () => {
    fc.assert(
      fc.property(objects(['events']), (input) => {
        const seen = new Map<string, number>();
        for (const batch of packBatches(input, limits)) {
          for (const { identity, rows } of batch.objects) {
            expect(rows[0]).toBeGreaterThan(seen.get(identity) ?? -1);
            seen.set(identity, rows[0] ?? 0);
          }
        }
      }),
    );
    const same = Array.from({ length: 5 }, (_unused, row) => ({
      kind: 'events' as const,
      identity: 'a',
      text: '{}',
      rows: [row],
    }));
    expect(packBatches(same, limits)).toHaveLength(1);
  });

  test('fills batches: different users never open more than they need', () => {
    const input = Array.from({ length: 1_000 }, (_unused, row) => ({
      kind: 'attributes' as const,
      identity: String(row),
      text: '{}',
      rows: [row],
    }));
    expect(packBatches(input, { objects: () => 75, bytes: 4_000_000 })).toHaveLength(14);
  });
});

describe('staged batches', () => {
  test('come back as they were packed, objects as exact slices of the body', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.string({ unit: 'binary', maxLength: 30 }).filter((value) => value.isWellFormed()),
          { minLength: 1, maxLength: 10 },
        ),
        (texts) => {
          const packed = texts.map((text, index) => ({
            text: JSON.stringify(text),
            identity: text,
            rows: [index * 2, index * 2 + 1],
            ...(index % 2 === 0 ? { alone: [`${index}`, text] } : {}),
          }));
          const endpoint = endpointOf('attributes', '');
          const digest = (row: number): Buffer => Buffer.alloc(16, row);
          const batch = decodeBatch('attributes', encodeBatch(endpoint, packed, digest));
          expect(JSON.parse(batch.body.toString())).toEqual({ attributes: texts });
          texts.forEach((text, index) => {
            expect(batch.body.subarray(batch.starts[index], batch.ends[index]).toString()).toBe(
              JSON.stringify(text),
            );
            expect(batch.rows[index]).toEqual([index * 2, index * 2 + 1]);
            expect(batch.users[index]).toBe(userNumber(text));
            expect(batch.alone.get(index)).toEqual(index % 2 === 0 ? [`${index}`, text] : undefined);
            expect(batch.digests[index * 32]).toBe(index * 2);
          });
        },
      ),
    );
  });
});
