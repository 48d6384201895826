import { describe, expect, it, test } from 'vitest';
import { differenceOf, handledWindow, type RunDelivery } from '../../../model/reconciliation.ts';

const run = (
  before: string | null,
  after: string | null,
  sent: number,
  more: Partial<RunDelivery> = {},
): RunDelivery => ({ before, after, sent, rejected: 0, isWhole: true, ...more });

const ALL = { from: null, to: null };
const THREE = [run(null, '10', 1), run('10', '20', 2, { rejected: 1 }), run('20', '30', 4)];

describe('the stretch that runs handled', () => {
  it('is all of it, where nothing else is asked', () => {
    expect(handledWindow(THREE, '30', ALL)).toEqual({
      from: null,
      inclusive: true,
      to: '30',
      sent: 7,
      rejected: 1,
      endsAtWatermark: true,
    });
  });

  it.each([
    [
      { from: '10', to: null },
      { from: '10', inclusive: false, to: '30', sent: 6 },
    ],
    [
      { from: '15', to: null },
      { from: '10', inclusive: false, to: '30', sent: 6 },
    ],
    [
      { from: '20', to: null },
      { from: '20', to: '30', sent: 4 },
    ],
    [
      { from: '99', to: null },
      { from: '20', to: '30', sent: 4 },
    ],
    [
      { from: null, to: '10' },
      { from: null, to: '10', sent: 1, endsAtWatermark: false },
    ],
    [
      { from: null, to: '11' },
      { from: null, to: '20', sent: 3, endsAtWatermark: false },
    ],
    [
      { from: '12', to: '18' },
      { from: '10', to: '20', sent: 2, rejected: 1, endsAtWatermark: false },
    ],
    [
      { from: null, to: '99' },
      { to: '30', sent: 7, endsAtWatermark: true },
    ],
  ])('%j is widened to where runs began and ended', (window, expected) => {
    expect(handledWindow(THREE, '30', window)).toMatchObject(expected);
  });

  it('is cut only after a run that left nothing half done', () => {
    const broken = [run(null, '10', 5, { isWhole: false }), run('10', '20', 2)];
    expect(handledWindow(broken, '20', { from: '10', to: null })).toMatchObject({ from: null, sent: 7 });
    expect(handledWindow(broken, '20', { from: null, to: '10' })).toMatchObject({ to: '20', sent: 7 });
  });

  it('begins anew after a rewind, with the instant itself', () => {
    const rewound = [...THREE, run('15', '30', 6)];
    expect(handledWindow(rewound, '30', ALL)).toMatchObject({ from: '15', inclusive: true, sent: 6 });
    const fromBeginning = [...THREE, run(null, '30', 9)];
    expect(handledWindow(fromBeginning, '30', ALL)).toMatchObject({ from: null, inclusive: true, sent: 9 });
  });

  it('begins behind runs that are not on record any more', () => {
    expect(handledWindow([run('5', '10', 1), run('10', '20', 2)], '20', ALL)).toMatchObject({
      from: '5',
      inclusive: false,
      sent: 3,
    });
    expect(handledWindow([run(null, '10', 1), run('15', '20', 2)], '20', ALL)).toMatchObject({
      from: '15',
      inclusive: false,
      sent: 2,
    });
  });

  it('goes through a run that died: its end is the begin of the next', () => {
    const died = [run(null, '10', 1), run('10', null, 3, { isWhole: false }), run('15', '20', 2)];
    expect(handledWindow(died, '20', ALL)).toMatchObject({ from: null, to: '20', sent: 6 });
  });

  it('is unknown where the watermark was moved since, or nothing has run', () => {
    expect(handledWindow(THREE, '15', ALL)).toBeUndefined();
    expect(handledWindow([], '15', ALL)).toBeUndefined();
  });
});

test.each([
  [10, 8, 2, { unread: 0, gone: 0 }],
  [12, 8, 2, { unread: 2, gone: 0 }],
  [7, 8, 2, { unread: 0, gone: 3 }],
])('%i in the table, %i sent, %i rejected', (inTable, sent, rejected, difference) => {
  const window = { from: null, inclusive: true, to: '1', sent, rejected, inTable };
  expect(differenceOf({ window })).toEqual(difference);
});

test('nothing to compare is no difference', () => {
  expect(differenceOf({ window: undefined })).toEqual({ unread: 0, gone: 0 });
});
