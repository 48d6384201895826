import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BatchPageWriter, StagedBatch } from '../../../activities/braze/batch-pages.ts';
import { endpointOf } from '../../../activities/braze/endpoints.ts';
import { type PackableObject, packBatches } from '../../../activities/braze/pack.ts';
import { REQUEST_KINDS, type RequestKind } from '../../../model/composed-object.ts';

const limits = { objects: () => 5, bytes: 200 };

const objects = (kinds: readonly RequestKind[]): fc.Arbitrary<PackableObject[]> =>
  fc
    .array(
      fc.record({
        kind: fc.constantFrom(...kinds),
        user: fc.integer({ min: 0, max: 8 }),
        size: fc.integer({ min: 2, max: 260 }),
      }),
      { maxLength: 80 },
    )
    .map((list) =>
      list.map(({ kind, user, size }, row) => ({ kind, user, start: 1_000, end: 1_000 + size, rows: [row] })),
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
          const bytes = batch.objects.reduce((sum, { start, end }) => sum + end - start + 1, 0);
          if (batch.objects.length > 1) expect(bytes).toBeLessThanOrEqual(200);
        }
      }),
    );
  });

  test("keeps each user's objects in order, and of attributes one to a request", () => {
    fc.assert(
      fc.property(objects(['attributes']), (input) => {
        const seen = new Map<number, number>();
        for (const batch of packBatches(input, limits)) {
          const users = batch.objects.map(({ user }) => user);
          expect(new Set(users).size).toBe(users.length);
          for (const { user, rows } of batch.objects) {
            expect(rows[0]).toBeGreaterThan(seen.get(user) ?? -1);
            seen.set(user, rows[0] ?? 0);
          }
        }
      }),
    );
  });

  test('lets events of one user share a request, in order', () => {
    fc.assert(
      fc.property(objects(['events']), (input) => {
        const seen = new Map<number, number>();
        for (const batch of packBatches(input, limits)) {
          for (const { user, rows } of batch.objects) {
            expect(rows[0]).toBeGreaterThan(seen.get(user) ?? -1);
            seen.set(user, rows[0] ?? 0);
          }
        }
      }),
    );
    const same = Array.from({ length: 5 }, (_unused, row) => ({
      kind: 'events' as const,
      user: 1,
      start: 0,
      end: 2,
      rows: [row],
    }));
    expect(packBatches(same, limits)).toHaveLength(1);
  });

  test('fills batches: different users never open more than they need', () => {
    const input = Array.from({ length: 1_000 }, (_unused, row) => ({
      kind: 'attributes' as const,
      user: row,
      start: 0,
      end: 2,
      rows: [row],
    }));
    expect(packBatches(input, { objects: () => 75, bytes: 4_000_000 })).toHaveLength(14);
  });
});

describe('staged batches', () => {
  test('come back as they were packed, objects as exact slices of the body', () => {
    const writer = new BatchPageWriter();
    fc.assert(
      fc.property(
        fc.array(
          fc.string({ unit: 'binary', maxLength: 30 }).filter((value) => value.isWellFormed()),
          { minLength: 1, maxLength: 10 },
        ),
        (texts) => {
          const all = Buffer.from(texts.map((text) => JSON.stringify(text)).join(''));
          let end = 0;
          const packed = texts.map((text, index) => {
            const start = end;
            end += Buffer.byteLength(JSON.stringify(text));
            const rows = [index * 2, index * 2 + 1];
            return {
              start,
              end,
              user: index * 7,
              rows,
              ...(index % 2 === 0 ? { alone: [`${index}`, text] } : {}),
            };
          });
          const endpoint = endpointOf('attributes', '');
          writer.begin(all, (row, target, at) => target.fill(row, at, at + 16));
          const places = [writer.add(endpoint, packed), writer.add(endpoint, packed)];
          for (const { offset, length } of places) {
            const batch = new StagedBatch('attributes', writer.bytes.subarray(offset, offset + length));
            expect(JSON.parse(batch.body.toString())).toEqual({ attributes: texts });
            expect(batch.objects).toBe(texts.length);
            expect(batch.texts().map(String)).toEqual(texts.map((text) => JSON.stringify(text)));
            expect(batch.rows()).toEqual(packed.map(({ rows }) => rows));
            expect(batch.users()).toEqual(packed.map(({ user }) => user));
            expect([...batch.alone()]).toEqual(
              texts.flatMap((text, index) => (index % 2 === 0 ? [[index, [`${index}`, text]]] : [])),
            );
            const digests = packed.flatMap(({ rows }) => rows.map((row) => Buffer.alloc(16, row)));
            expect(batch.digests.equals(Buffer.concat(digests))).toBe(true);
          }
        },
      ),
    );
  });
});
