/** A plan as an operator reads it, for `cdi apply` and `--dry-run`. */
import type { FieldChange } from './field-changes.ts';
import type { Action, Plan, Step } from './plan-types.ts';

const SIGNS: Readonly<Record<Action, string>> = { create: '+', update: '~', unchanged: '=', delete: '-' };

/** @returns a line per step, with the changed options below it; or a line per refusal */
export function planLines(plan: Plan): string[] {
  if (plan.refused) return plan.refusals.map(({ message }) => `! ${message}`);
  return [...plan.steps.flatMap(stepLines), ...plan.notes];
}

/** @returns `~ sync users: update` and `    schedule.every: 15m → 1h` */
export function stepLines(step: Step): string[] {
  const remarks = remarksOf(step);
  const words = [step.action, ...remarks].join('; ');
  const secret =
    step.kind !== 'sync' && step.kind !== 'schedule' && step.action === 'update'
      ? [`    secret: ${step.secretChanged ? 'changed' : 'unchanged'}`]
      : [];
  return [
    `${SIGNS[step.action]} ${step.kind} ${step.name}: ${words}`,
    ...step.changes.map(changeLine),
    ...secret,
  ];
}

function remarksOf(step: Step): string[] {
  if (step.kind === 'schedule')
    return step.pausedUntilTested ? ['paused until its connection test has passed'] : [];
  if (step.kind !== 'sync') return [];
  if (step.action === 'delete') return ['its watermark is kept'];
  const remarks = step.moved === undefined ? [] : [step.moved, `watermark: ${step.watermark}`];
  const startMoved = step.changes.some(({ path }) => path === 'start_from');
  if (startMoved && step.action === 'update' && step.watermark === 'keep') {
    remarks.push('start_from counts only before the first run and after a reset');
  }
  return remarks;
}

function changeLine({ path, before = 'none', after = 'none' }: FieldChange): string {
  return `    ${path}: ${before} → ${after}`;
}
