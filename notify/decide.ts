import type { SyncDefinition } from '../model/definitions.ts';
import { isNear } from '../model/ceiling.ts';
import { failureKind, failureType, type IncidentDetail, type IncidentKind } from '../model/incident.ts';
import type { RunReport } from './run-report.ts';

export const NOTIFICATION_KINDS = ['failure', 'row_errors', 'success', 'held'] as const;
export type NotificationKind = (typeof NOTIFICATION_KINDS)[number];

/** What a run says about its sync. */
export interface RunSignals {
  /** What is told of this very run, whatever was told of others. */
  readonly event: 'held' | 'success' | undefined;
  /** What is wrong: each is told once until it has recovered. */
  readonly raised: readonly { readonly kind: IncidentKind; readonly detail: IncidentDetail }[];
  /** Which of the incidents that are open are over. */
  readonly closed: readonly IncidentKind[];
}

type Outcome = Pick<
  RunReport,
  'status' | 'counts' | 'error' | 'held' | 'futureRows' | 'unreadRows' | 'trigger'
>;
type Told = SyncDefinition['notifications'];

/**
 * Decides what follows from a run that has ended, or is held.
 *
 * - A global error is an incident; a cancelled run only where it was terminated or reset from outside, for a run
 *   that somebody cancelled was wanted so.
 * - Rejected rows are one from their share of the rows read on, the threshold included.
 * - Rows behind the watermark that were never read are one, which only a run that looks for them ends.
 * - A run that goes to its end ends every failure, whatever its error was.
 * - Success is told where it was asked for, and without new rows only where that was asked for as well. A
 *   partial run is no success, and a recovery says it already.
 *
 * @param open kinds of the sync's open incidents
 * @param guardRows `max_rows_per_run`; undefined where there is none
 */
export function runSignals(
  run: Outcome,
  notifications: Told,
  open: readonly IncidentKind[],
  guardRows?: number,
): RunSignals {
  const { status, counts, futureRows, unreadRows, error } = run;
  const quiet = { event: undefined, raised: [], closed: [] };
  const inFuture =
    notifications.on_warnings && futureRows > 0
      ? [{ kind: 'rows_in_future' as const, detail: { rows: futureRows } }]
      : [];
  const unread =
    unreadRows !== null && unreadRows > 0
      ? [{ kind: 'rows_unread' as const, detail: { rows: unreadRows } }]
      : [];
  switch (status) {
    case 'held':
      return { ...quiet, event: 'held' };
    case 'cancelled':
      if (error?.type !== 'ended_outside') return quiet;
      return { ...quiet, raised: [{ kind: failureKind(error.type), detail: {} }] };
    case 'error':
    case 'config_error':
    case 'limit_exceeded':
      return {
        ...quiet,
        raised: [{ kind: failureKind(error?.type ?? 'internal'), detail: {} }, ...unread, ...inFuture],
      };
    case 'partial':
    case 'success': {
      const isRejecting = reachesThreshold(counts, notifications.row_errors_percent);
      // Of a run that was held, and approved, people know already.
      const isNearGuard = notifications.on_warnings && run.held === null && isNear(counts.read, guardRows);
      const raised = [
        ...(isRejecting
          ? [{ kind: 'rows_rejected' as const, detail: { read: counts.read, rejected: counts.rejected } }]
          : []),
        ...unread,
        ...inFuture,
        ...(isNearGuard
          ? [{ kind: 'guard_near' as const, detail: { rows: counts.read, ceiling: guardRows ?? 0 } }]
          : []),
      ];
      const found = new Set<IncidentKind>(raised.map(({ kind }) => kind));
      const closed = open.filter((kind) => !found.has(kind) && isOver(kind, run));
      return { event: eventOf(run, notifications, isRejecting, closed.length > 0), raised, closed };
    }
  }
}

function eventOf(
  { status, counts }: Outcome,
  told: Told,
  isRejecting: boolean,
  recovers: boolean,
): 'success' | undefined {
  if (status !== 'success' || !told.on_success || isRejecting || recovers) return undefined;
  return counts.read > 0 || told.on_empty_success ? 'success' : undefined;
}

/** Whether an incident that a run which went to its end did not meet is over. */
function isOver(kind: IncidentKind, { counts, unreadRows, trigger }: Outcome): boolean {
  // Rows that are sent again come from the ledger: they say nothing of source and schedule.
  if (trigger === 'retry') return false;
  if (failureType(kind) !== undefined) return true;
  switch (kind) {
    case 'stale':
    case 'rows_in_future':
      return true;
    case 'rows_unread':
      return unreadRows === 0;
    case 'rows_rejected':
    case 'guard_near':
      // A run without rows says nothing of rows.
      return counts.read > 0;
    default:
      return false;
  }
}

/** Percentages are rarely exact in binary: 0.07 times 10,000 comes out a little above 700. */
const ROUNDING = 1 - 1e-12;

function reachesThreshold({ read, rejected }: RunReport['counts'], percent: number | undefined): boolean {
  if (percent === undefined || rejected === 0) return false;
  return rejected * 100 >= percent * read * ROUNDING;
}
