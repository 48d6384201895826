/** `cdi approve` and `cdi reject`: the answer to a run that a guard holds. */
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowNotFoundError } from '@temporalio/client';
import { type HeldDecision, type HeldRun, heldQuestion } from '../../model/guard.ts';
import { APPROVE_SIGNAL, REJECT_SIGNAL, runWorkflowId } from '../../model/names.ts';
import { CommandError, EXIT } from '../command-error.ts';
import type { Session } from '../session.ts';
import { requireSync } from './require-sync.ts';

export interface AnsweredRun {
  readonly sync: string;
  readonly run: string;
  readonly decision: HeldDecision;
  readonly held: HeldRun;
}

const SIGNALS: Record<HeldDecision, string> = { approved: APPROVE_SIGNAL, rejected: REJECT_SIGNAL };
/** A worker that polls takes an answer up at once. */
const PATIENCE_MS = 15_000;
const POLL_MS = 100;

/**
 * Answers the held run of a sync, and waits until a worker has taken the answer up.
 *
 * @param by who answers; it goes on record
 * @throws CommandError `notFound` where no run of the sync is held, `failed` where somebody else was first,
 *   `unreachable` where no worker takes it up
 */
export async function answerHeldRun(
  session: Session,
  sync: string,
  decision: HeldDecision,
  by: string,
): Promise<AnsweredRun> {
  await requireSync(session, sync);
  const open = await session.ledger.runs.unfinished(sync);
  const run = open.find(({ status }) => status === 'held');
  if (!run) throw new CommandError(EXIT.notFound, `No run of ${sync} is held. See \`cdi runs ${sync}\`.`);
  const client = await session.temporal();
  try {
    await client.workflow.getHandle(runWorkflowId(sync), run.workflowRunId).signal(SIGNALS[decision], by);
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    throw new CommandError(EXIT.notFound, `The run of ${sync} that was held has ended.`);
  }
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline;) {
    await sleep(POLL_MS);
    const held = (await session.ledger.runs.get(run.id))?.held;
    if (!held?.answer) continue;
    if (held.answer.decision === decision) return { sync, run: run.id, decision, held };
    throw new CommandError(
      EXIT.failed,
      `Too late: the run of ${sync} has been ${held.answer.decision} by ${held.answer.by}.`,
    );
  }
  throw new CommandError(
    EXIT.unreachable,
    `The answer is on its way, but no worker on the queue ${session.queues.control} has taken it up yet. Is one running?`,
  );
}

/** What was answered, in words. */
export function answerText({ sync, decision, held }: AnsweredRun): string {
  return decision === 'approved'
    ? `${sync}: approved; the run goes on. ${heldQuestion(held)}`
    : `${sync}: rejected; the run ends and the schedule is paused. \`cdi resume ${sync}\` lets it go on.`;
}
