/** Several processes on one limit, played in simulated time: the rule of the ledger and the buckets of the processes. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PermitBucket } from '../../../activities/braze/permit-bucket.ts';
import {
  type RateGrant,
  type RateHolder,
  grantOf,
  sharedLimit,
  wantedOf,
} from '../../../model/rate-grant.ts';

const WINDOW_MS = 1_000;
const TTL_MS = 400;
const RENEW_MS = 100;
const LENGTH_MS = 5_000;

interface Player {
  /** When it begins, and when it goes. */
  readonly from: number;
  readonly to: number;
  /** Goes without a word, or gives its part back. */
  readonly dies: boolean;
  /** Requests that it has use for in every `pace` milliseconds; it pauses in every other stretch of `rhythm`. */
  readonly appetite: number;
  readonly pace: number;
  readonly rhythm: number;
  /** Way to the ledger and back, in milliseconds. */
  readonly there: number;
  readonly back: number;
  /** Every so many answers of the ledger get lost. */
  readonly loses: number;
}

interface Process {
  readonly bucket: PermitBucket;
  asking: { asked: number; grant?: RateGrant } | undefined;
  renewAt: number;
  renewals: number;
  isWaiting: boolean;
  permits: number;
  askedBefore: number;
  sent: number;
}

/** @returns when each request went out, by player */
function play(limit: number, players: readonly Player[], lengthMs = LENGTH_MS): number[][] {
  const record = new Map<number, { permits: number; wanted: number; expiresAt: number }>();
  const processes = players.map((): Process => ({
    bucket: new PermitBucket(limit, WINDOW_MS),
    asking: undefined,
    renewAt: 0,
    renewals: 0,
    isWaiting: true,
    permits: 0,
    askedBefore: -RENEW_MS,
    sent: 0,
  }));
  const sent = players.map((): number[] => []);
  for (let now = 0; now < lengthMs; now += 1) {
    for (const [index, player] of players.entries()) {
      const process = processes[index];
      if (!process || now < player.from || now > player.to) continue;
      if (now === player.to) {
        const own = record.get(index);
        if (!player.dies && own) own.expiresAt = Math.min(own.expiresAt, now);
        continue;
      }
      if (process.asking === undefined && now >= process.renewAt) process.asking = { asked: now };
      const { asking } = process;
      if (asking && now === asking.asked + player.there) {
        const others = [...record]
          .filter(([holder, { expiresAt }]) => holder !== index && expiresAt > now - WINDOW_MS)
          .map(([, { permits, wanted, expiresAt }]): RateHolder => ({
            permits,
            wanted,
            isLive: expiresAt > now,
          }));
        const wanted = wantedOf(limit, {
          sinceMs: asking.asked - process.askedBefore,
          windowMs: WINDOW_MS,
          sent: process.sent,
          isWaiting: process.isWaiting,
          permits: process.permits,
        });
        asking.grant = grantOf(limit, wanted, others);
        record.set(index, { permits: asking.grant.permits, wanted, expiresAt: now + TTL_MS });
      }
      if (asking?.grant && now >= asking.asked + player.there + player.back) {
        process.renewals += 1;
        process.renewAt = asking.asked + RENEW_MS;
        if (process.renewals % player.loses === 0) process.asking = { asked: now + 1 };
        else {
          process.bucket.lease(asking.grant, asking.asked, TTL_MS, now);
          process.askedBefore = asking.asked;
          process.asking = undefined;
          process.permits = asking.grant.permits;
          process.sent = 0;
        }
      }
      const isPausing = Math.floor(now / player.rhythm) % 2 === 1 || now % player.pace !== 0;
      if (process.asking || isPausing) continue;
      process.isWaiting = false;
      for (let request = 0; request < player.appetite; request += 1) {
        if (process.bucket.take(now) > 0) {
          process.isWaiting = true;
          break;
        }
        process.sent += 1;
        sent[index]?.push(now);
      }
    }
  }
  return sent;
}

/** The most requests in any window. */
function fullestWindow(sent: readonly number[][]): number {
  const times = sent.flat().toSorted((a, b) => a - b);
  let most = 0;
  for (let first = 0, last = 0; last < times.length; last += 1) {
    while ((times[first] ?? 0) <= (times[last] ?? 0) - WINDOW_MS) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

const steady: Player = {
  from: 0,
  to: Infinity,
  dies: false,
  appetite: 20,
  pace: 1,
  rhythm: Infinity,
  there: 1,
  back: 1,
  loses: Infinity,
};

/** Mostly greedy ones, for they are those that may go too far. */
const player = fc.record({
  from: fc.integer({ min: 0, max: 2_500 }),
  to: fc.oneof(fc.constant(LENGTH_MS), fc.integer({ min: 500, max: LENGTH_MS })),
  dies: fc.boolean(),
  appetite: fc.constantFrom(1, 5, 50, 50),
  pace: fc.constantFrom(1, 1, 1, 30),
  rhythm: fc.oneof(fc.constant(Infinity), fc.integer({ min: 20, max: 1_500 })),
  there: fc.constantFrom(1, 1, 5, 40),
  back: fc.constantFrom(0, 1, 5, 40),
  loses: fc.constantFrom(Infinity, Infinity, 2, 7),
});

describe('processes that share a limit', () => {
  test('never send more than the limit in any window, whoever comes, goes, dies or loses an answer', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 4, max: 200 }),
        fc.array(player, { minLength: 1, maxLength: 5 }),
        (limit, players) => {
          expect(fullestWindow(play(limit, players))).toBeLessThanOrEqual(limit);
        },
      ),
      { numRuns: 400 },
    );
  });

  test('pay a burst back when another comes', () => {
    for (let from = 300; from <= 300 + RENEW_MS; from += 1)
      expect(fullestWindow(play(1_000, [steady, { ...steady, from }], 2_000))).toBeLessThanOrEqual(1_000);
  });

  test('have all of it when alone', () => {
    const [times = []] = play(1_000, [steady]);
    const afterStart = times.filter((at) => at >= 1_000).length;
    expect(afterStart).toBeGreaterThanOrEqual((LENGTH_MS - 1_000) * 0.995);
  });

  test('have equal parts when all have use for more', () => {
    const sent = play(1_000, [steady, { ...steady, from: 300 }, { ...steady, from: 700 }], 6_000);
    const parts = sent.map((times) => times.filter((at) => at >= 2_000).length);
    for (const part of parts) expect(part).toBeGreaterThan((4_000 / 3) * 0.96);
  });

  test('leave what they have no use for to the others', () => {
    const modest = { ...steady, appetite: 1, pace: 20 };
    const [, times = []] = play(1_000, [modest, { ...steady, from: 300 }], 6_000);
    expect(times.filter((at) => at >= 2_000).length).toBeGreaterThan(4_000 * 0.88);
  });

  test('have the part of a dead one once its lease has ended', () => {
    const [times = []] = play(1_000, [steady, { ...steady, to: 2_000, dies: true }], 6_000);
    // Its lease, and the window in which what it sent still counts.
    const after = 2_000 + TTL_MS + WINDOW_MS + RENEW_MS;
    expect(times.filter((at) => at >= after).length).toBeGreaterThan((6_000 - after) * 0.98);
  });
});

describe('a grant', () => {
  const holders = fc.array(fc.record({ wanted: fc.integer({ min: 0, max: 500 }), isLive: fc.boolean() }), {
    minLength: 1,
    maxLength: 6,
  });

  test('gives with those that are held no more than several may hold together', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 500 }),
        fc.integer({ min: 0, max: 500 }),
        holders,
        (limit, wanted, who) => {
          const others: RateHolder[] = [];
          for (const one of who) {
            const { permits } = grantOf(limit, one.wanted, others);
            others.push({
              ...one,
              permits: others.length === 0 ? sharedLimit(limit, who.length + 1) : permits,
            });
          }
          const { permits } = grantOf(limit, wanted, others);
          const held = others.filter(({ isLive }) => isLive).reduce((sum, other) => sum + other.permits, 0);
          expect(permits).toBeGreaterThanOrEqual(0);
          expect(permits).toBeLessThanOrEqual(Math.max(0, sharedLimit(limit, others.length + 1) - held));
        },
      ),
    );
  });
});
