import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Answer, Confirmer, type UploadRecord } from '../../../activities/upload/confirmer.ts';
import { CdiError } from '../../../model/errors.ts';
import type { BatchRange } from '../../../store/schema.ts';
import type { Confirmation, Reservation } from '../../../store/uploads.ts';

const place = {
  holder: { sync: 's', epoch: 1, workflowRunId: 'w', leaseOwner: 'o' },
  run: 'r',
  segment: 1,
};

const facts = (batches: number) =>
  Array.from({ length: batches }, (_unused, number) => {
    const at = String(number).padStart(6, '0');
    return { rows: 2, firstUpdatedAt: `${at}-a`, lastUpdatedAt: `${at}-b` };
  });

const answer = (batch: number): Answer => ({
  batch,
  digests: Buffer.alloc(32, batch),
  lastUpdatedAt: `${String(batch).padStart(6, '0')}-b`,
  sent: 2,
  requests: 1,
  rejected: [],
  answerLost: false,
  warnings: [`told of ${batch % 2}`],
});

/** A ledger that keeps what it was told. */
class Recorder implements UploadRecord {
  readonly confirmations: Confirmation[] = [];
  readonly lost: BatchRange[] = [];
  reservation: Reservation = { to: 0, open: null };
  failure: Error | undefined;

  async reserve(
    _holder: unknown,
    _run: string,
    _segment: number,
    reservation: Reservation,
    lost: readonly BatchRange[],
  ) {
    this.reservation = reservation;
    this.lost.push(...lost);
  }

  async confirm(_holder: unknown, _run: string, _segment: number, confirmation: Confirmation) {
    await Promise.resolve();
    if (this.failure) throw this.failure;
    this.confirmations.push(confirmation);
    this.reservation = confirmation.reservation;
  }

  get confirmed(): number[] {
    return this.confirmations.flatMap(({ batches }) => batches);
  }
}

describe('the window', () => {
  test(
    'what may be sent is always written down before, whatever order the answers come in',
    { timeout: 60_000 },
    async () => {
      const script = fc.record({
        batches: fc.integer({ min: 1, max: 12 }),
        window: fc.integer({ min: 1, max: 10 }),
        delays: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 40, maxLength: 40 }),
      });
      await fc.assert(
        fc.asyncProperty(script, async ({ batches, window, delays }) => {
          const ledger = new Recorder();
          const confirmer = new Confirmer(ledger, place, facts(batches), window, new Set());
          await confirmer.begin(0);
          const sending: Promise<void>[] = [];
          for (let batch = 0; batch < batches; batch += 1) {
            await confirmer.room(batch);
            const done = new Set(ledger.confirmed);
            let lowest = 0;
            while (done.has(lowest)) lowest += 1;
            expect(batch).toBeLessThan(ledger.reservation.to);
            expect(batch - lowest).toBeLessThan(window);
            expect(ledger.reservation.open).toMatchObject({ firstBatch: lowest });
            sending.push(
              (async () => {
                for (let turns = delays[batch] ?? 0; turns > 0; turns -= 1)
                  await new Promise((resolve) => setImmediate(resolve));
                confirmer.add(answer(batch));
              })(),
            );
          }
          await Promise.all(sending);
          await confirmer.flush(false);
          expect(ledger.confirmed.sort((a, b) => a - b)).toEqual(
            Array.from({ length: batches }, (_unused, number) => number),
          );
          expect(ledger.reservation).toEqual({ to: batches, open: null });
        }),
        { numRuns: 20 },
      );
    },
  );

  test('a new attempt records what the lost one may have sent, and nothing else', async () => {
    const ledger = new Recorder();
    const confirmer = new Confirmer(ledger, place, facts(20), 5, new Set([0, 1, 3, 6]));
    await confirmer.begin(7);
    expect(ledger.lost).toEqual([
      { firstBatch: 2, lastBatch: 2, rows: 2, firstUpdatedAt: '000002-a', lastUpdatedAt: '000002-b' },
      { firstBatch: 4, lastBatch: 5, rows: 4, firstUpdatedAt: '000004-a', lastUpdatedAt: '000005-b' },
    ]);
    expect(ledger.reservation.to).toBe(7);
  });

  test('what is to be told is told once for a group', async () => {
    const ledger = new Recorder();
    const confirmer = new Confirmer(ledger, place, facts(20), 20, new Set());
    await confirmer.begin(0);
    for (const batch of [0, 1, 2]) confirmer.add(answer(batch));
    await confirmer.flush(false);
    expect(ledger.confirmations.map(({ warnings }) => warnings)).toEqual([['told of 0', 'told of 1']]);
  });

  test('an attempt that ended in good order leaves nothing in doubt', async () => {
    const ledger = new Recorder();
    const confirmer = new Confirmer(ledger, place, facts(20), 5, new Set());
    await confirmer.begin(0);
    confirmer.add(answer(1));
    await confirmer.flush(true);
    expect(ledger.confirmed).toEqual([1]);
    expect(ledger.reservation).toEqual({ to: 0, open: null });
  });

  test('a ledger that refuses ends the waiting, and nothing is given back', async () => {
    const ledger = new Recorder();
    const confirmer = new Confirmer(ledger, place, facts(20), 2, new Set());
    await confirmer.begin(0);
    ledger.failure = new CdiError('superseded', 'Another run has taken over.');
    confirmer.add(answer(0));
    await expect(confirmer.room(2)).rejects.toMatchObject({ type: 'superseded' });
    await expect(confirmer.flush(true)).rejects.toMatchObject({ type: 'superseded' });
    expect(ledger.reservation.open).toMatchObject({ firstBatch: 0, lastBatch: 1 });
  });

  test('after an answer that could not be recorded none is, so that no later row passes an earlier one', async () => {
    const ledger = new Recorder();
    const confirmer = new Confirmer(ledger, place, facts(20), 20, new Set());
    await confirmer.begin(0);
    ledger.failure = new CdiError('internal', 'The disk is broken.');
    confirmer.add(answer(0));
    await expect(confirmer.flush(false)).rejects.toMatchObject({ type: 'internal' });
    ledger.failure = undefined;
    confirmer.add(answer(1));
    await expect(confirmer.flush(false)).rejects.toMatchObject({ type: 'internal' });
    expect(ledger.confirmed).toEqual([]);
    expect(ledger.reservation.open).toMatchObject({ firstBatch: 0 });
  });

  test('a ledger out of reach is waited for: its answers are not forgotten', async () => {
    const ledger = new Recorder();
    const confirmer = new Confirmer(ledger, place, facts(3), 3, new Set());
    await confirmer.begin(0);
    ledger.failure = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
    confirmer.add(answer(0));
    setTimeout(() => (ledger.failure = undefined), 100);
    await confirmer.flush(false);
    expect(ledger.confirmed).toEqual([0]);
  });
});
