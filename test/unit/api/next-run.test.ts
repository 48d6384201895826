import { expect, it } from 'vitest';
import { nextRun } from '../../../api/next-run.ts';
import { sampleSync } from './sample-sync.ts';

const at = (time: string): Date => new Date(`2026-01-31T${time}Z`);

it('follows the clock, forwards and back, whatever was asked before', () => {
  const sync = sampleSync();
  expect(nextRun(sync, at('12:00:00'))).toEqual(at('12:15:00'));
  expect(nextRun(sync, at('12:14:59'))).toEqual(at('12:15:00'));
  expect(nextRun(sync, at('12:15:00'))).toEqual(at('12:30:00'));
  expect(nextRun(sync, at('11:50:00'))).toEqual(at('12:00:00'));
});

it('is none of a sync that is paused, untested or without a schedule', () => {
  const { definition } = sampleSync();
  for (const changes of [
    { paused: true },
    { testedAt: null },
    { definition: { ...definition, schedule: 'manual' as const } },
  ])
    expect(nextRun(sampleSync(changes), at('12:00:00'))).toBeNull();
});
