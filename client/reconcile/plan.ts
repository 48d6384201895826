/** Decides what `cdi apply` does: the difference between what is declared and what the ledger and Temporal hold. */
import type { Plan, PlanInput } from './plan-types.ts';
import { refusalsOf, unusedAnswers } from './plan-refusals.ts';
import { stepsOf } from './plan-steps.ts';
import { Situation } from './situation.ts';

/** @returns every step, or every reason why nothing is changed */
export function planApply(input: PlanInput): Plan {
  const situation = new Situation(input);
  const refusals = refusalsOf(situation);
  if (refusals.length > 0) return { refused: true, refusals };
  return { refused: false, steps: stepsOf(situation), notes: unusedAnswers(situation) };
}
