import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BURST_SHARE, type RateHolder, grantOf, sharedLimit, wantedOf } from '../../../model/rate-grant.ts';

const holder = (permits: number, wanted: number, isLive = true): RateHolder => ({ permits, wanted, isLive });

describe('what a process may send', () => {
  it('is the whole limit while it is alone, whatever it asks for', () => {
    expect(grantOf(1_000, 1, [])).toEqual({ permits: 1_000, isShared: false });
  });

  it('is an equal share of what is left once each has room for its burst', () => {
    expect(sharedLimit(1_000, 2)).toBe(Math.floor(998 / (1 + BURST_SHARE)));
    expect(sharedLimit(1, 3)).toBe(0);
    expect(grantOf(1_000, 1_000, [holder(489, 1_000)])).toEqual({ permits: 489, isShared: true });
    expect(grantOf(1_000, 1_000, [holder(300, 1_000), holder(300, 1_000)]).permits).toBe(326);
  });

  it('never takes what another still holds', () => {
    expect(grantOf(1_000, 1_000, [holder(978, 1_000)]).permits).toBe(0);
    expect(grantOf(1_000, 1_000, [holder(2_000, 1_000)]).permits).toBe(0);
    expect(grantOf(1_000, 1_000, [holder(900, 1_000)]).permits).toBe(78);
  });

  it('is more where others want less, and leaves them what they want', () => {
    expect(grantOf(1_000, 1_000, [holder(100, 100)]).permits).toBe(878);
    expect(grantOf(1_000, 100, [holder(800, 1_000)]).permits).toBe(100);
  });

  it('grows by what nobody wants, so that a process which wants more has it at once', () => {
    expect(grantOf(1_000, 100, [holder(100, 100)]).permits).toBe(100 + (978 - 200) / 2);
    expect(grantOf(1_000, 0, [holder(0, 0)]).permits).toBe(978 / 2);
  });

  it('is shared with one that ended within the window, which holds nothing any more', () => {
    expect(grantOf(1_000, 1_000, [holder(900, 900, false)])).toEqual({ permits: 978, isShared: true });
  });

  it('and what all others hold stay within the limit, in every order and for every appetite', () => {
    const others = fc.array(
      fc.record({ permits: fc.nat(400), wanted: fc.nat(2_000), isLive: fc.boolean() }),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2_000 }), fc.nat(2_000), others, (limit, wanted, all) => {
        const { permits, isShared } = grantOf(limit, wanted, all);
        const held = all.filter(({ isLive }) => isLive).reduce((sum, each) => sum + each.permits, 0);
        expect(Number.isInteger(permits)).toBe(true);
        expect(permits).toBeGreaterThanOrEqual(0);
        expect(isShared).toBe(all.length > 0);
        if (permits > 0) expect(permits + held).toBeLessThanOrEqual(limit);
      }),
    );
  });

  it('comes to rest with all of them at equal shares, where all want more than there is', () => {
    const granted = [0, 0, 0, 0];
    for (let round = 0; round < 3; round += 1)
      for (const index of granted.keys()) {
        const others = granted.filter((_each, other) => other !== index);
        granted[index] = grantOf(
          1_000,
          1_000,
          others.map((permits) => holder(permits, 1_000)),
        ).permits;
      }
    expect(granted).toEqual(Array.from({ length: 4 }, () => Math.floor(sharedLimit(1_000, 4) / 4)));
  });
});

describe('what a process asks for', () => {
  const use = { sinceMs: 500, windowMs: 1_000, sent: 10, isWaiting: false, permits: 100 };

  it('is twice what it used, and one', () => {
    expect(wantedOf(1_000, use)).toBe(41);
    expect(wantedOf(1_000, { ...use, sent: 0 })).toBe(1);
    expect(wantedOf(30, use)).toBe(30);
  });

  it('is all, from four fifths of what it had on', () => {
    expect(wantedOf(1_000, { ...use, sent: 39 })).toBe(157);
    expect(wantedOf(1_000, { ...use, sent: 40 })).toBe(1_000);
    expect(wantedOf(1_000, { ...use, sent: 39, isWaiting: true })).toBe(1_000);
    expect(wantedOf(1_000, { ...use, sent: 0, permits: 0 })).toBe(1_000);
  });
});
