/** What the buttons of a sync's page do. */
import { answerHeldRun } from '../../client/commands/answer-held.ts';
import { pauseSync, resumeSync } from '../../client/commands/pause.ts';
import type { Session } from '../../client/session.ts';
import type { ApiPermission } from '../../model/api-permissions.ts';
import type { SyncOverview } from '../../store/sync-overviews.ts';
import { startRecordedRun } from '../start-run.ts';

export const PAGE_ACTIONS = ['run', 'approve', 'reject', 'pause', 'resume'] as const;
export type PageAction = (typeof PAGE_ACTIONS)[number];

export const NEEDED: Readonly<Record<PageAction, ApiPermission>> = {
  run: 'v1.run',
  approve: 'v1.run',
  reject: 'v1.run',
  pause: 'v1.pause',
  resume: 'v1.pause',
};

/** What was done, in words. */
export const DONE: Readonly<Record<PageAction, string>> = {
  run: 'A run has started.',
  approve: 'Approved: the run goes on.',
  reject: 'Rejected: the run ends, and the schedule is paused.',
  pause: 'The schedule is paused. A run under way goes on.',
  resume: 'The schedule goes again.',
};

export interface ActionInput {
  /** Who asks, for the record. */
  readonly by: string;
  /** Why; empty where nobody said. */
  readonly note: string;
}

/** @throws CommandError where it is not possible at present */
export async function carryOutAction(
  session: Session,
  { name, definition }: SyncOverview,
  action: PageAction,
  { by, note }: ActionInput,
): Promise<void> {
  switch (action) {
    case 'run':
      await startRecordedRun(
        session,
        { name, dataType: definition.data_type },
        'manual',
        'from the status page',
      );
      return;
    case 'approve':
      await answerHeldRun(session, name, 'approved', by);
      return;
    case 'reject':
      await answerHeldRun(session, name, 'rejected', by);
      return;
    case 'pause':
      await pauseSync(session, name, note === '' ? `Paused on the status page by ${by}.` : note);
      return;
    case 'resume':
      await resumeSync(session, name, `Resumed on the status page by ${by}.`);
  }
}
