/** Guards: a run that would send more than it may waits for people before any request. */
import { condition, defineSignal, setHandler, upsertSearchAttributes } from '@temporalio/workflow';
import { type HeldDecision, type RunSize, guardsPassed, heldQuestion } from '../model/guard.ts';
import { APPROVE_SIGNAL, REJECT_SIGNAL } from '../model/names.ts';
import { tellOf } from './close-run.ts';
import { heldDetails } from './current-details.ts';
import { endingFailure } from './failure.ts';
import type { Progress } from './progress.ts';
import { SYNC_OUTCOME } from './search-attributes.ts';

const approve = defineSignal<[unknown?]>(APPROVE_SIGNAL);
const reject = defineSignal<[unknown?]>(REJECT_SIGNAL);

interface Answer {
  readonly decision: HeldDecision;
  readonly by: string;
}

/** Listens for answers from the beginning of the run, so that one which comes before the question counts for nothing. */
export class Answers {
  #isAsked = false;
  #answer: Answer | undefined;

  constructor() {
    const take = (decision: HeldDecision) => (by?: unknown) => {
      if (this.#isAsked) this.#answer ??= { decision, by: nameOf(by) };
    };
    setHandler(approve, take('approved'), { description: 'Lets a held run go on.' });
    setHandler(reject, take('rejected'), { description: 'Ends a held run and pauses the schedule.' });
  }

  /** From here on the first answer counts. */
  ask(): void {
    this.#isAsked = true;
  }

  async wait(): Promise<Answer> {
    await condition(() => this.#answer !== undefined);
    if (!this.#answer) throw new RangeError('No answer.');
    return this.#answer;
  }
}

/** A signal sent by hand carries whatever was typed, or nothing. */
function nameOf(by: unknown): string {
  return typeof by === 'string' && by !== '' ? by.slice(0, 80) : 'somebody in the Temporal UI';
}

export interface GuardedRun {
  readonly sync: string;
  readonly run: string;
  readonly source: string;
  readonly from: string | null;
  readonly upper: string;
  /** What the run may send unasked. */
  readonly limits: RunSize;
}

/**
 * Counts what the run would send; beyond the limits it is held until somebody answers.
 *
 * @returns what the run may send: its limits, or what was approved; and how many new rows were counted
 * @throws ApplicationFailure `run_rejected`
 */
export async function passGuard(
  { source, ...guarded }: GuardedRun,
  answers: Answers,
  progress: Progress,
): Promise<{ limits: RunSize; rows: number }> {
  const { sync, run, limits } = guarded;
  const size = await progress.step('measureRun', `new rows of ${sync}, up to ${guarded.upper}`, guarded);
  const passed = guardsPassed(size, limits);
  if (passed.length === 0) return { limits, rows: size.rows };

  answers.ask();
  const question = heldQuestion({ ...size, limits });
  await progress.step('holdRun', `beyond ${passed.join(' and ')}`, { sync, run, size, limits });
  upsertSearchAttributes([{ key: SYNC_OUTCOME, value: 'held' }]);
  progress.tells(heldDetails(sync, source, question));
  await tellOf(sync, run, 'held');
  const { decision, by } = await answers.wait();
  await progress.step('answerHeld', `${decision} by ${by}`, { sync, run, decision, by });
  if (decision === 'rejected') {
    const message = `The run was rejected by ${by}. ${question}`;
    throw endingFailure({ type: 'run_rejected', message }, { message, code: null });
  }
  upsertSearchAttributes([{ key: SYNC_OUTCOME, value: null }]);
  const approved = {
    rows: Math.max(size.rows, limits.rows),
    deletes: Math.max(size.deletes, limits.deletes),
  };
  return { limits: approved, rows: size.rows };
}
