/** What the bench is asked to do. */
import { parseArgs } from 'node:util';

/** Those that run over the same table, in the same run, in alternating order. */
export const CONTESTANTS = ['pipeline', 'raw', 'drt', 'segment'] as const;
export type Contestant = (typeof CONTESTANTS)[number];

/** What is measured of the pipeline alone, and of the sink. */
export const SECTIONS = [
  'sink',
  'empty',
  'first-row',
  'latency',
  'scale',
  'types',
  'payloads',
  'instant',
  'hundred',
] as const;
export type Section = (typeof SECTIONS)[number];

const PARTS: readonly string[] = [...CONTESTANTS, ...SECTIONS];

export interface BenchOptions {
  readonly rows: number;
  /** Repetitions of what an aim is set for; the median counts. */
  readonly repeats: number;
  /** File for the figures. */
  readonly json?: string;
  readonly wants: (part: Contestant | Section) => boolean;
}

export const USAGE = `npm run bench -- [--rows N] [--repeats N] [--only PART,PART] [--json FILE]

parts: ${PARTS.join(', ')}`;

/** The least with which every section has something to do: one row for each of the hundred syncs, and ties. */
const FEWEST_ROWS = 1_000;

/** @throws Error that says what is wrong with the command line */
export function benchOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: { type: 'string', default: '1000000' },
      repeats: { type: 'string', default: '3' },
      only: { type: 'string' },
      json: { type: 'string' },
    },
  });
  const only = values.only?.split(',').map((part) => part.trim());
  const unknown = only?.filter((part) => !PARTS.includes(part)) ?? [];
  if (unknown.length > 0) throw new Error(`--only: there is no part ${unknown.join(', ')}`);
  return {
    rows: wholeNumber('--rows', values.rows, FEWEST_ROWS),
    repeats: wholeNumber('--repeats', values.repeats, 1),
    ...(values.json === undefined ? {} : { json: values.json }),
    wants: (part) => only === undefined || only.includes(part),
  };
}

function wholeNumber(name: string, text: string, least: number): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < least)
    throw new Error(`${name}: give a whole number from ${least} on`);
  return number;
}
