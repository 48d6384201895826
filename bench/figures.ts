/** The figures of the bench, as they are written to a file. What was not measured is null. */
import type { Performance } from './contestant.ts';
import type { Comparison } from './comparison.ts';
import type { Scale } from './alone.ts';
import type { RunMeasurement } from './measure-run.ts';

export interface Measurements {
  readonly comparison?: Comparison | undefined;
  readonly sink?: Performance | undefined;
  readonly emptyRunMs?: number | undefined;
  readonly firstRowMs?: number | undefined;
  readonly latency?: Readonly<Record<string, RunMeasurement>> | undefined;
  readonly scale?: Scale | undefined;
  readonly dataTypes?: Readonly<Record<string, RunMeasurement>> | undefined;
  readonly payloads?: Readonly<Record<string, RunMeasurement>> | undefined;
  readonly oneInstant?: RunMeasurement | undefined;
  readonly hundredSyncsRatio?: number | undefined;
}

/** Speed and cost of a run of the pipeline. */
export interface RunFigures extends Performance {
  readonly workerRssMb: number;
  readonly temporalRssMb: number;
  readonly temporalShare: number;
  readonly historyEvents: number;
}

export type Figures = ReturnType<typeof figuresOf>;

/**
 * @param rows of the table that is compared over
 * @param workerStartRssMb highest memory of a worker before its first run
 * @param missing why a part that was asked for has no figures, by part
 */
export function figuresOf(
  measured: Measurements,
  rows: number,
  workerStartRssMb: number,
  missing: Readonly<Record<string, string>>,
) {
  const { comparison, scale } = measured;
  const { pipeline, peers = {} } = comparison ?? {};
  const ratio = (peer: Performance | undefined): number | null =>
    pipeline && peer ? rounded(pipeline.rowsPerSecond / peer.rowsPerSecond, 3) : null;
  return {
    rows,
    pipeline: pipeline ? { ...runFigures(pipeline), workerStartRssMb } : null,
    raw: peers.raw ? { ...performanceOf(peers.raw), concurrency: comparison?.rawConcurrency ?? null } : null,
    drt: peers.drt ? performanceOf(peers.drt) : null,
    segment: peers.segment ? performanceOf(peers.segment) : null,
    ratioToRaw: ratio(peers.raw),
    ratioToDrt: ratio(peers.drt),
    ratioToSegment: ratio(peers.segment),
    cpuRatioToRaw:
      pipeline && peers.raw
        ? rounded(pipeline.cpuSecondsPerMillion / peers.raw.cpuSecondsPerMillion, 3)
        : null,
    latency: eachRun(measured.latency),
    rssGrowth5m: scale ? rounded(scale.large.workerRssMb / scale.small.workerRssMb, 3) : null,
    emptyRunMs: measured.emptyRunMs ?? null,
    firstRowMs: measured.firstRowMs ?? null,
    hundredSyncsRatio:
      measured.hundredSyncsRatio === undefined ? null : rounded(measured.hundredSyncsRatio, 3),
    dataTypes: eachRun(measured.dataTypes),
    payloads: eachRun(measured.payloads),
    oneInstant: measured.oneInstant ? runFigures(measured.oneInstant) : null,
    fiveFold: scale ? runFigures(scale.large) : null,
    sink: measured.sink ? performanceOf(measured.sink) : null,
    missing: { ...comparison?.missing, ...missing },
  };
}

function runFigures(run: RunMeasurement): RunFigures {
  const { workerRssMb, temporalRssMb, temporalShare, historyEvents } = run;
  return {
    ...performanceOf(run),
    workerRssMb,
    temporalRssMb,
    temporalShare: rounded(temporalShare, 3),
    historyEvents,
  };
}

function performanceOf({ rowsPerSecond, cpuSecondsPerMillion, peakRssMb }: Performance): Performance {
  return { rowsPerSecond, cpuSecondsPerMillion: rounded(cpuSecondsPerMillion, 2), peakRssMb };
}

function eachRun(
  runs: Readonly<Record<string, RunMeasurement>> | undefined,
): Record<string, RunFigures> | null {
  return runs === undefined
    ? null
    : Object.fromEntries(Object.entries(runs).map(([name, run]) => [name, runFigures(run)]));
}

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));
