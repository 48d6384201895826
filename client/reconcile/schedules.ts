/** Brings the schedules of Temporal in line with what is derived from the ledger. */
import {
  type ScheduleClient,
  ScheduleAlreadyRunning,
  type ScheduleDescription,
  ScheduleNotFoundError,
} from '@temporalio/client';
import type { DesiredSchedule } from './schedule-options.ts';

export interface ReconcileOptions {
  /** A schedule that has to be made starts paused, with this note; one that exists keeps what its operator chose. */
  readonly pausedNote?: string;
}

export interface ReconciledSchedule {
  readonly outcome: 'created' | 'updated' | 'unchanged';
  /** As it is now. */
  readonly paused: boolean;
  readonly note?: string;
}

/**
 * Creates the schedule, or updates it where the hash of its derived options differs. Pause, note, remaining actions and
 * policies that are not derived stay as an operator set them.
 */
export async function reconcileSchedule(
  schedules: ScheduleClient,
  desired: DesiredSchedule,
  { pausedNote }: ReconcileOptions = {},
): Promise<ReconciledSchedule> {
  const found =
    (await describe(schedules, desired.scheduleId)) ?? (await create(schedules, desired, pausedNote));
  if (!found) {
    return {
      outcome: 'created',
      ...(pausedNote === undefined ? { paused: false } : { paused: true, note: pausedNote }),
    };
  }
  if (specHashOf(found) === desired.action.memo.specHash) return { outcome: 'unchanged', ...stateOf(found) };

  const handle = schedules.getHandle(desired.scheduleId);
  const { scheduleId: _id, memo: _memo, ...replacement } = desired;
  await handle.update((previous) => ({
    ...replacement,
    policies: { ...previous.policies, ...desired.policies },
    state: previous.state,
  }));
  return { outcome: 'updated', ...stateOf(await handle.describe()) };
}

/** @returns the schedule that somebody else made meanwhile, if so */
async function create(
  schedules: ScheduleClient,
  desired: DesiredSchedule,
  pausedNote: string | undefined,
): Promise<ScheduleDescription | undefined> {
  try {
    await schedules.create({
      ...desired,
      ...(pausedNote === undefined ? {} : { state: { paused: true, note: pausedNote } }),
    });
    return undefined;
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    return schedules.getHandle(desired.scheduleId).describe();
  }
}

/** @returns whether there was one */
export async function removeSchedule(schedules: ScheduleClient, scheduleId: string): Promise<boolean> {
  try {
    await schedules.getHandle(scheduleId).delete();
    return true;
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return false;
    throw error;
  }
}

/**
 * @param scheduleIds ids to look up
 * @returns the hash of each that exists; an empty one where it was not made by this program
 */
export async function readScheduleHashes(
  schedules: ScheduleClient,
  scheduleIds: readonly string[],
): Promise<Map<string, string>> {
  const found = await Promise.all(scheduleIds.map((id) => describe(schedules, id)));
  return new Map(
    found.flatMap((schedule) => (schedule ? [[schedule.scheduleId, specHashOf(schedule) ?? '']] : [])),
  );
}

async function describe(
  schedules: ScheduleClient,
  scheduleId: string,
): Promise<ScheduleDescription | undefined> {
  try {
    return await schedules.getHandle(scheduleId).describe();
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return undefined;
    throw error;
  }
}

function specHashOf({ action }: ScheduleDescription): string | undefined {
  const hash = action.memo?.['specHash'];
  return typeof hash === 'string' ? hash : undefined;
}

function stateOf({ state }: ScheduleDescription): { paused: boolean; note?: string } {
  return { paused: state.paused, ...(state.note ? { note: state.note } : {}) };
}
