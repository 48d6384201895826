/** The whole suite, in the order in which it is played. */
import type { Check, Theme } from './check.ts';
import { history } from './history.ts';
import { interruptions } from './interruptions.ts';
import { memory } from './memory.ts';
import { names } from './names.ts';
import { pipeline } from './pipeline.ts';
import { precision } from './precision.ts';
import { ranges } from './ranges.ts';
import { situations } from './situations.ts';
import { values } from './values.ts';

/** `history` looks back at what the others did. */
export const THEMES: readonly Theme[] = [
  precision,
  values,
  names,
  ranges,
  memory,
  situations,
  interruptions,
  pipeline,
  history,
];

export const CHECKS: readonly Check[] = THEMES.flatMap(({ checks }) => checks);
