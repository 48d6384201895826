import { syncState } from '../client/sync-state.ts';
import { nextFiring } from '../model/next-firing.ts';
import type { SyncOverview } from '../store/sync-overviews.ts';

/** What a schedule was asked before: reckoning takes milliseconds, and most syncs share a few schedules. */
const known = new Map<string, { readonly after: Date; readonly next: Date | null }>();

/** When the schedule of a sync starts its next run. @returns null where it starts none */
export function nextRun(
  sync: Pick<SyncOverview, 'definition' | 'testedAt' | 'paused'>,
  now: Date,
): Date | null {
  if (syncState(sync) !== 'active') return null;
  const { schedule } = sync.definition;
  const name = JSON.stringify(schedule);
  const before = known.get(name);
  if (before && before.after <= now && (before.next === null || now < before.next)) return before.next;
  const next = nextFiring(schedule, now);
  known.set(name, { after: now, next });
  return next;
}
