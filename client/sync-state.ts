/** How a sync stands, in the words of the command line, the API and the status page. */
import type { StoredSync } from '../store/definitions.ts';

/** Most go by the pause of their schedule; the ledger has it within a minute. */
export type SyncState = 'untested' | 'manual' | 'paused' | 'active';

export function syncState(sync: Pick<StoredSync, 'testedAt' | 'definition' | 'paused'>): SyncState {
  if (!sync.testedAt) return 'untested';
  if (sync.definition.schedule === 'manual') return 'manual';
  return sync.paused ? 'paused' : 'active';
}

/** The schedule in words. */
export function scheduleText({ schedule }: StoredSync['definition']): string {
  if (schedule === 'manual') return 'manual';
  return 'every' in schedule ? `every ${schedule.every}` : `cron ${schedule.cron}`;
}
