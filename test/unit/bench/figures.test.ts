import { describe, expect, it } from 'vitest';
import { figuresOf } from '../../../bench/figures.ts';
import type { RunMeasurement } from '../../../bench/measure-run.ts';
import { median, medianBy } from '../../../bench/median.ts';
import { benchOptions } from '../../../bench/options.ts';
import { report } from '../../../bench/report.ts';

const RUN: RunMeasurement = {
  rows: 1_000,
  seconds: 1,
  rowsPerSecond: 50_000,
  cpu: { worker: 1, temporal: 0.1, client: 0 },
  cpuSecondsPerMillion: 20,
  temporalShare: 0.1,
  peakRssMb: 500,
  workerRssMb: 400,
  temporalRssMb: 100,
  historyEvents: 80,
};
const peer = (rowsPerSecond: number) => ({ rowsPerSecond, cpuSecondsPerMillion: 10, peakRssMb: 100 });

describe('median', () => {
  it('is the middle value, the lower of two', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2);
    expect(() => median([])).toThrow(RangeError);
  });

  it('keeps the measurement that has it', () => {
    expect(medianBy([{ at: 9 }, { at: 1 }, { at: 5 }], ({ at }) => at)).toEqual({ at: 5 });
  });
});

describe('the options of the bench', () => {
  it('measures everything unless told otherwise', () => {
    const { rows, repeats, wants } = benchOptions([]);
    expect([rows, repeats, wants('drt'), wants('scale')]).toEqual([1_000_000, 3, true, true]);
  });

  it('measures the parts that are asked for', () => {
    const { wants } = benchOptions(['--only', 'pipeline, raw']);
    expect([wants('pipeline'), wants('raw'), wants('drt'), wants('types')]).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it.each([
    [['--only', 'speed']],
    [['--rows', '10']],
    [['--repeats', '0']],
    [['--rows', 'many']],
    [['--fast']],
  ])('refuses %j', (args) => {
    expect(() => benchOptions(args)).toThrow();
  });
});

describe('the figures', () => {
  const figures = figuresOf(
    {
      comparison: {
        pipeline: RUN,
        peers: { raw: peer(100_000), drt: peer(25_000) },
        rawConcurrency: 16,
        missing: { segment: 'npm is missing' },
      },
      scale: { small: RUN, large: { ...RUN, workerRssMb: 480 } },
      latency: { '20': RUN, '150': { ...RUN, rowsPerSecond: 80_000 } },
      emptyRunMs: 600,
    },
    1_000,
    250,
    { instant: 'the run ended as error' },
  );

  it('compare the pipeline with each of the others', () => {
    expect(figures).toMatchObject({
      rows: 1_000,
      pipeline: { rowsPerSecond: 50_000, cpuSecondsPerMillion: 20, historyEvents: 80, temporalShare: 0.1 },
      ratioToRaw: 0.5,
      ratioToDrt: 2,
      ratioToSegment: null,
      cpuRatioToRaw: 2,
      rssGrowth5m: 1.2,
      latency: { '150': { rowsPerSecond: 80_000 } },
      dataTypes: null,
      firstRowMs: null,
    });
  });

  it('name everything that is missing', () => {
    expect(figures.missing).toEqual({ segment: 'npm is missing', instant: 'the run ended as error' });
  });

  it('are held against the aims', () => {
    const lines = report(figures).split('\n');
    const verdictOn = (aim: string) => lines.find((line) => line.startsWith(aim));
    expect(verdictOn('speed, to the raw loop')).toMatch(/0\.5 .* met$/);
    expect(verdictOn('rows/s at 150 ms a request')).toMatch(/80,000 .* met$/);
    expect(verdictOn("worker's memory, five times the rows")).toMatch(/1\.2 .* NOT MET$/);
    expect(verdictOn('run that finds nothing new, ms')).toMatch(/600 .* NOT MET$/);
    expect(verdictOn('first row at Braze')).toBeUndefined();
    expect(lines).toContain('segment is missing: npm is missing');
  });
});
