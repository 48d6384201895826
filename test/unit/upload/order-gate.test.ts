import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OrderGate } from '../../../activities/upload/order-gate.ts';

test('never lets two batches of one user run together, and keeps their order', async () => {
  const batches = fc.array(fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 4 }), {
    maxLength: 30,
  });
  await fc.assert(
    fc.asyncProperty(
      batches,
      fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 200, maxLength: 200 }),
      async (list, delays) => {
        const gate = new OrderGate();
        const inFlight = new Set<number>();
        const order = new Map<number, number[]>();
        await Promise.all(
          list.map(async (users, number) => {
            const { ready, finished } = gate.admit(users);
            await ready;
            for (const user of users) {
              expect(inFlight.has(user)).toBe(false);
              inFlight.add(user);
              order.set(user, [...(order.get(user) ?? []), number]);
            }
            for (let turns = delays[number] ?? 0; turns > 0; turns -= 1) await Promise.resolve();
            for (const user of users) inFlight.delete(user);
            finished();
          }),
        );
        for (const numbers of order.values()) expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
      },
    ),
  );
});

test('batches of different users do not wait', () => {
  const gate = new OrderGate();
  gate.admit([1, 2]);
  expect(gate.admit([3]).ready).toBeUndefined();
  expect(gate.admit([2]).ready).toBeInstanceOf(Promise);
});

test('events of one user within a batch do not wait for each other', () => {
  expect(new OrderGate().admit([1, 1, 1]).ready).toBeUndefined();
});
