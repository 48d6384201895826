/** Schedules as the ledger wants them. */
import { ScheduleNotFoundError } from '@temporalio/client';
import type { SyncDefinition } from '../../model/definitions.ts';
import { scheduleId } from '../../model/names.ts';
import { maintenanceScheduleOptions, scheduleOptions } from '../reconcile/schedule-options.ts';
import { type ReconcileOptions, reconcileSchedule, removeSchedule } from '../reconcile/schedules.ts';
import type { Action } from '../reconcile/plan-types.ts';
import type { StoredSync } from '../../store/definitions.ts';
import type { Session } from '../session.ts';
import { UNTESTED_NOTE } from './pause.ts';

/** Carries out one schedule step of a plan. */
export async function applySchedule(
  session: Session,
  name: string,
  definition: SyncDefinition | undefined,
  action: Action,
): Promise<void> {
  if (action === 'unchanged') return;
  const { schedule } = await session.temporal();
  const desired =
    definition && action !== 'delete' ? scheduleOptions(definition, session.queues.control) : null;
  if (!desired) {
    await removeSchedule(schedule, scheduleId(name));
    return;
  }
  const made = await reconcileSchedule(
    schedule,
    desired,
    startOf(await session.ledger.definitions.sync(name)),
  );
  await session.ledger.definitions.setPaused(name, made.paused, made.note ?? null);
}

/** How a schedule starts that has to be made: paused until the test has passed, or as the ledger remembers it. */
function startOf({ testedAt, paused, pauseNote }: StoredSync): ReconcileOptions {
  if (!testedAt) return { pausedNote: UNTESTED_NOTE };
  return paused ? { pausedNote: pauseNote ?? 'Paused.' } : {};
}

/** Holds a running schedule back until its sync has passed its test again; one that is paused stays as it is. */
export async function pauseUntilTested(session: Session, name: string): Promise<void> {
  const handle = (await session.temporal()).schedule.getHandle(scheduleId(name));
  try {
    if ((await handle.describe()).state.paused) return;
    await handle.pause(UNTESTED_NOTE);
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return;
    throw error;
  }
  await session.ledger.definitions.setPaused(name, true, UNTESTED_NOTE);
}

export async function ensureMaintenance(session: Session): Promise<void> {
  const { schedule } = await session.temporal();
  await reconcileSchedule(schedule, maintenanceScheduleOptions(session.queues.control));
}

/** Makes every schedule that the ledger wants and Temporal lacks, as after the loss of its database. */
export async function restoreAllSchedules(session: Session): Promise<number> {
  const { schedule } = await session.temporal();
  const syncs = (await session.ledger.definitions.syncs()).filter(({ deletedAt }) => deletedAt === null);
  let created = 0;
  for (const sync of syncs) {
    const desired = scheduleOptions(sync.definition, session.queues.control);
    if (!desired) continue;
    const { outcome } = await reconcileSchedule(schedule, desired, startOf(sync));
    if (outcome === 'created') created += 1;
  }
  await ensureMaintenance(session);
  return created;
}
