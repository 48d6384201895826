/** `cdi delete`: a sync and its schedule. Its watermark stays, so that applying it again can go on where it ended. */
import { createInterface } from 'node:readline/promises';
import { scheduleId } from '../../model/names.ts';
import { CommandError, EXIT } from '../command-error.ts';
import { NO_CHANGES } from '../../store/definitions.ts';
import type { Output } from '../output/output.ts';
import { removeSchedule } from '../reconcile/schedules.ts';
import type { Session } from '../session.ts';
import { requireSync } from './require-sync.ts';

/** @throws CommandError `usage` where nobody can be asked and `--yes` is missing, or the answer is no */
export async function confirm(output: Output, question: string, yes: boolean): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY || output.json)
    throw new CommandError(EXIT.usage, `${question} Say so with --yes.`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} [y/N] `);
    if (!/^y(es)?$/i.test(answer.trim())) throw new CommandError(EXIT.usage, 'Nothing was changed.');
  } finally {
    terminal.close();
  }
}

export async function deleteSync(
  session: Session,
  output: Output,
  name: string,
  yes: boolean,
): Promise<void> {
  await requireSync(session, name);
  const open = await session.ledger.runs.unfinished(name);
  if (open.length > 0)
    throw new CommandError(EXIT.busy, `A run of ${name} is under way; cancel it first, or wait for its end.`);
  await confirm(output, `Delete the sync ${name}? Its rows in Braze stay as they are.`, yes);
  await removeSchedule((await session.temporal()).schedule, scheduleId(name));
  await session.ledger.definitions.change({ ...NO_CHANGES, deleteSyncs: [name] });
  output.print(
    output.json
      ? JSON.stringify({ deleted: name })
      : `${name}: deleted. Its watermark is kept for a later apply.`,
  );
}
