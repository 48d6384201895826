/** `cdi pause` and `cdi resume`: of a sync's schedule. Runs by hand go on being possible. */
import { ScheduleNotFoundError } from '@temporalio/client';
import { scheduleId } from '../../model/names.ts';
import { CommandError, EXIT } from '../command-error.ts';
import type { Session } from '../session.ts';
import { requireSync } from './require-sync.ts';

/** Note of a schedule that waits for its sync's connection test. */
export const UNTESTED_NOTE = 'Waiting for its connection test: cdi test';

/** @returns whether the sync has a schedule */
async function setPaused(session: Session, name: string, paused: boolean, note: string): Promise<boolean> {
  const client = await session.temporal();
  const handle = client.schedule.getHandle(scheduleId(name));
  let scheduled = true;
  try {
    if (paused) await handle.pause(note);
    else await handle.unpause(note);
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
    scheduled = false;
  }
  await session.ledger.definitions.setPaused(name, paused, note);
  return scheduled;
}

/** @param note why, for whoever wonders; shown in the Temporal UI */
export async function pauseSync(session: Session, name: string, note: string): Promise<string> {
  await requireSync(session, name);
  return (await setPaused(session, name, true, note))
    ? `${name}: paused. A run under way goes on.`
    : `${name}: has no schedule; it runs only by hand.`;
}

/** @throws CommandError `failed` where the sync has not passed its test */
export async function resumeSync(session: Session, name: string, note: string): Promise<string> {
  const sync = await requireSync(session, name);
  if (!sync.testedAt) {
    throw new CommandError(
      EXIT.failed,
      `${name} has not passed its connection test. Run \`cdi test ${name}\`.`,
    );
  }
  return (await setPaused(session, name, false, note))
    ? `${name}: resumed.`
    : `${name}: has no schedule; it runs only by hand.`;
}

/** Lets a schedule go that was only waiting for the test. @returns whether it did */
export async function startAfterTest(session: Session, name: string): Promise<boolean> {
  const client = await session.temporal();
  try {
    const { state } = await client.schedule.getHandle(scheduleId(name)).describe();
    if (!state.paused || state.note !== UNTESTED_NOTE) return false;
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
    // A sync that runs only by hand waits for nothing any more: should it be given a schedule, that one runs.
    const { pauseNote } = await session.ledger.definitions.sync(name);
    if (pauseNote === null || pauseNote === UNTESTED_NOTE) {
      await session.ledger.definitions.setPaused(name, false, null);
    }
    return false;
  }
  return setPaused(session, name, false, 'Passed its connection test.');
}
