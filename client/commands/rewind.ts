/** `cdi rewind`: sets the watermark of a sync back, so that the next run sends again what lies after it. */
import { randomUUID } from 'node:crypto';
import { WorkflowNotFoundError } from '@temporalio/client';
import { rewindTimeSchema } from '../../model/definitions.ts';
import { runWorkflowId } from '../../model/names.ts';
import type { countRewind } from '../../workflows/index.ts';
import { CommandError, EXIT } from '../command-error.ts';
import type { Output } from '../output/output.ts';
import type { Session } from '../session.ts';
import { confirm } from './delete.ts';
import { answerOf, WORKER_TIMEOUT } from './execute-test.ts';
import { requireSync } from './require-sync.ts';

export interface RewindOptions {
  /** `beginning`, or a UTC time as a sync file writes it. */
  readonly to: string;
  readonly yes: boolean;
  readonly by: string;
}

/**
 * Says how many rows the next run sends again, asks, and sets the watermark back.
 *
 * @throws CommandError `usage` where the time is wrong or lies after the watermark, nobody can be asked, or the answer
 *   is no; `busy` where a run is open; `failed` where the count failed
 */
export async function rewindSync(
  session: Session,
  output: Output,
  name: string,
  options: RewindOptions,
): Promise<void> {
  const { definition } = await requireSync(session, name);
  const time = rewindTimeSchema.safeParse(options.to);
  if (!time.success)
    throw new CommandError(
      EXIT.usage,
      '--to: write `beginning`, or a UTC time such as 2026-01-31T00:00:00Z.',
    );
  await requireNoRun(session, name);
  const { from, to, rows } = await countAgain(session, name, time.data);
  if (from === null)
    throw new CommandError(EXIT.usage, `${name} has delivered nothing yet: there is nothing to rewind.`);
  if (to !== null && to > from)
    throw new CommandError(
      EXIT.usage,
      `The watermark of ${name} stands at ${from}. A rewind goes back, and skips nothing.`,
    );
  const place = to ?? 'the beginning';
  const count = rows.toLocaleString('en-US');
  const twice =
    definition.data_type === 'events' || definition.data_type === 'purchases'
      ? ' Braze counts them a second time.'
      : '';
  await confirm(
    output,
    `Set the watermark of ${name} back from ${from} to ${place}? The next run sends ${count} rows again.${twice}`,
    options.yes,
  );
  if (!(await session.ledger.rewind({ sync: name, from, to, by: options.by, rows }))) {
    throw new CommandError(EXIT.busy, `A run of ${name} has begun meanwhile. Nothing was changed.`);
  }
  output.print(
    output.json
      ? JSON.stringify({ sync: name, from, to, rows })
      : `${name}: the watermark is back from ${from} to ${place}. The next run sends ${count} rows again.`,
  );
}

/** @throws CommandError `busy` */
async function requireNoRun(session: Session, name: string): Promise<void> {
  const client = await session.temporal();
  const status = await client.workflow
    .getHandle(runWorkflowId(name))
    .describe()
    .then((execution) => execution.status.name)
    .catch((error: unknown) => {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    });
  const open = await session.ledger.runs.unfinished(name);
  if (status === 'RUNNING' || open.length > 0)
    throw new CommandError(EXIT.busy, `A run of ${name} is under way; cancel it first, or wait for its end.`);
}

async function countAgain(
  session: Session,
  name: string,
  to: string,
): Promise<Awaited<ReturnType<typeof countRewind>>> {
  const client = await session.temporal();
  const handle = await client.workflow.start<typeof countRewind>('countRewind', {
    workflowId: `rewind/${name}/${randomUUID()}`,
    taskQueue: session.queues.control,
    args: [name, to],
    workflowExecutionTimeout: WORKER_TIMEOUT,
    staticSummary: `rows that a rewind of ${name} would send again`,
  });
  return answerOf(session, handle, name, 'the count');
}
