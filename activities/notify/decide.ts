import type { SyncDefinition } from '../../model/definitions.ts';
import type { RunReport } from './run-report.ts';

export const NOTIFICATION_KINDS = ['failure', 'row_errors', 'success', 'held'] as const;
export type NotificationKind = (typeof NOTIFICATION_KINDS)[number];

/**
 * Decides what a run tells its contacts once it has ended. It asks for one notification at most: that of a failure
 * lists the rejected rows too. A run that is held asks for one of its own before.
 *
 * - A global error is always told; a cancelled run only where it was terminated or reset from outside, for a run
 *   that somebody cancelled was wanted so.
 * - Rejected rows are told from their share of the rows read on, the threshold included.
 * - Success is told where it was asked for, and without new rows only where that was asked for as well. A
 *   partial run is no success.
 */
export function decideNotification(
  { status, counts, error }: Pick<RunReport, 'status' | 'counts' | 'error'>,
  notifications: SyncDefinition['notifications'],
): NotificationKind | undefined {
  switch (status) {
    case 'held':
      return 'held';
    case 'error':
    case 'config_error':
    case 'limit_exceeded':
      return 'failure';
    case 'cancelled':
      return error?.type === 'ended_outside' ? 'failure' : undefined;
    case 'partial':
    case 'success':
      if (reachesThreshold(counts, notifications.row_errors_percent)) return 'row_errors';
      if (status === 'partial' || !notifications.on_success) return undefined;
      return counts.read > 0 || notifications.on_empty_success ? 'success' : undefined;
  }
}

/** Percentages are rarely exact in binary: 0.07 times 10,000 comes out a little above 700. */
const ROUNDING = 1 - 1e-12;

function reachesThreshold({ read, rejected }: RunReport['counts'], percent: number | undefined): boolean {
  if (percent === undefined || rejected === 0) return false;
  return rejected * 100 >= percent * read * ROUNDING;
}
