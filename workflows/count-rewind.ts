/** What the command line asks before a rewind. */
import type { RewindCount } from '../activities/count-rewind.ts';
import { step } from './activity-options.ts';

/** @param to `beginning`, or a UTC time as a sync file writes it */
export async function countRewind(sync: string, to: string): Promise<RewindCount> {
  return step('countRewind', `${sync} from ${to}`, { sync, to });
}
