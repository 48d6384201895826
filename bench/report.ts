/** The figures as tables for a person. */
import { table } from '../client/output/table.ts';
import type { Performance } from './contestant.ts';
import type { Figures } from './figures.ts';

type Cell = string | number;

/** An aim: the figure it is about, and whether it is met. */
interface Aim {
  readonly what: string;
  readonly value: number | null | undefined;
  readonly atLeast?: number;
  readonly atMost?: number;
}

export function report(figures: Figures): string {
  const { pipeline, raw, drt, segment, latency, dataTypes, payloads, oneInstant, fiveFold, sink } = figures;
  const speeds: (readonly [string, Performance | null | undefined])[] = [
    ['pipeline', pipeline],
    ['raw loop', raw],
    ['drt', drt],
    ["Segment's Braze action", segment],
    ...each('sink answers after, ms: ', latency),
    ...each('', dataTypes),
    ...each('payloads of ', payloads),
    ['one instant', oneInstant],
    ['five times the rows', fiveFold],
  ];
  const rows = speeds.flatMap(([name, measured]): Cell[][] =>
    measured ? [[name, measured.rowsPerSecond, measured.cpuSecondsPerMillion, measured.peakRssMb]] : [],
  );
  if (sink) rows.push(['sink alone', sink.rowsPerSecond, sink.cpuSecondsPerMillion, sink.peakRssMb]);
  const missing = Object.entries(figures.missing).map(([part, reason]) => `${part} is missing: ${reason}`);
  return [
    `${figures.rows} rows`,
    table(['', 'rows/s', 'CPU s per million', 'peak MB'], rows),
    table(['aim', 'is', 'should be', ''], aims(figures).flatMap(line)),
    ...missing,
  ].join('\n\n');
}

function aims(figures: Figures): Aim[] {
  const { pipeline } = figures;
  return [
    { what: 'speed, to the raw loop', value: figures.ratioToRaw, atLeast: 0.4 },
    { what: 'speed, to drt', value: figures.ratioToDrt, atLeast: 1.4 },
    { what: "speed, to Segment's Braze action", value: figures.ratioToSegment, atLeast: 5 },
    { what: 'CPU, to the raw loop', value: figures.cpuRatioToRaw, atMost: 2.5 },
    { what: 'rows/s at 150 ms a request', value: figures.latency?.['150']?.rowsPerSecond, atLeast: 75_000 },
    { what: "worker's memory, MB", value: pipeline?.workerRssMb, atMost: 500 },
    { what: "worker's memory while it starts, MB", value: pipeline?.workerStartRssMb, atMost: 500 },
    { what: "worker's memory, five times the rows", value: figures.rssGrowth5m, atMost: 1.15 },
    { what: 'run that finds nothing new, ms', value: figures.emptyRunMs, atMost: 500 },
    { what: 'first row at Braze, ms', value: figures.firstRowMs, atMost: 1_500 },
    { what: '100 syncs at once, to one', value: figures.hundredSyncsRatio, atMost: 1.3 },
  ];
}

function line({ what, value, atLeast, atMost }: Aim): Cell[][] {
  if (value == null) return [];
  const isMet = value >= (atLeast ?? -Infinity) && value <= (atMost ?? Infinity);
  const bound = atLeast === undefined ? `at most ${atMost ?? ''}` : `at least ${atLeast}`;
  return [[what, value, bound, isMet ? 'met' : 'NOT MET']];
}

function each<T>(prefix: string, runs: Readonly<Record<string, T>> | null): [string, T][] {
  return Object.entries(runs ?? {}).map(([name, run]) => [`${prefix}${name}`, run]);
}
