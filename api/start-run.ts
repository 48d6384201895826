import { startRun } from '../client/commands/run.ts';
import type { Session } from '../client/session.ts';
import type { DataType } from '../model/data-type.ts';
import type { Trigger } from '../model/run.ts';

/**
 * Starts a run and puts it on record at once, so that whoever asks next finds it, also while no worker has taken it up.
 *
 * @param how what the Temporal UI shows beside it
 * @returns the run's id
 * @throws CommandError `busy` where a run is under way
 */
export async function startRecordedRun(
  session: Session,
  { name, dataType }: { readonly name: string; readonly dataType: DataType },
  trigger: Trigger,
  how: string,
): Promise<string> {
  const run = await startRun(session, name, 'syncRun', { sync: name, trigger }, how);
  await session.ledger.runs.announce({ id: run, sync: name, dataType, trigger });
  return run;
}
