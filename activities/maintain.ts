/** Housekeeping, every minute: closes runs that nobody ended, mirrors pauses, sweeps what has expired, tells what is due. */
import { parseDuration } from '../model/duration.ts';
import { classify } from '../model/errors.ts';
import { look } from '../notify/watch.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { runFolder } from './staging/staging.ts';

const DAY_MS = 86_400_000;
const REJECTED_ROWS_MS = 30 * DAY_MS;
/** Whatever a sync's `keep_rows` says. */
const KEPT_PAGES_MS = 30 * DAY_MS;
const RUNS_MS = 365 * DAY_MS;
const PREVIEWS_MS = 600_000;
/** A run that was opened only now may not be visible in Temporal yet. */
const SETTLED_MS = 30_000;
const ORPHANS_MS = 3_600_000;

export interface Maintained {
  /** Runs that were terminated or reset and are closed now, to be notified. */
  readonly closed: readonly { readonly sync: string; readonly run: string }[];
  readonly sweptRejectedRows: number;
  readonly sweptRuns: number;
}

export function maintain(dependencies: ActivityDependencies) {
  const { ledger, staging, temporal, log } = dependencies;
  return async (): Promise<Maintained> => {
    const now = Date.now();
    const closed: { sync: string; run: string }[] = [];
    for (const run of await ledger.runs.unfinished()) {
      if (now - run.startedAt.getTime() < SETTLED_MS) continue;
      if ((await temporal.openRun(run.sync)) !== undefined) continue;
      const record = await ledger.runs.finish(run.id, () => ({
        status: 'cancelled',
        error: {
          type: 'ended_outside',
          message: 'The run was terminated from the Temporal side.',
          code: null,
        },
      }));
      if (!record) continue;
      log.warn({ sync: run.sync, run: run.id }, 'closed a run that was terminated');
      await staging.remove(runFolder(run.sync, run.id));
      closed.push({ sync: run.sync, run: run.id });
    }

    const syncs = await ledger.definitions.syncs();
    const pauses = await temporal.schedulePauses();
    for (const sync of syncs) {
      const schedule = pauses.get(sync.name);
      if (sync.deletedAt || !schedule) continue;
      if (schedule.paused !== sync.paused || (schedule.note ?? null) !== sync.pauseNote) {
        await ledger.definitions.setPaused(sync.name, schedule.paused, schedule.note ?? null);
      }
    }

    const open = new Set((await ledger.runs.unfinished()).map((run) => run.id));
    const keep = new Map(
      syncs.map(({ name, definition }) => [
        name,
        Math.min(parseDuration(definition.options.keep_rows) ?? 0, KEPT_PAGES_MS),
      ]),
    );
    for (const { sync, run, idleMs } of await staging.idleRuns(ORPHANS_MS)) {
      if (!open.has(run) && idleMs >= (keep.get(sync) ?? 0)) await staging.remove(runFolder(sync, run));
    }
    const sweptRejectedRows = await ledger.rejectedRows.sweep(new Date(now - REJECTED_ROWS_MS));
    const sweptRuns = await ledger.runs.sweep(new Date(now - RUNS_MS));
    await ledger.corrections.sweep(new Date(now - RUNS_MS));
    await ledger.previews.sweep(PREVIEWS_MS);
    await ledger.incidents.sweep(new Date(now - RUNS_MS));
    await look(dependencies).catch((error: unknown) => {
      log.warn({ type: classify(error).type }, 'what is due could not be told; it is tried again');
    });
    await ledger.sweepForgotten();
    return { closed, sweptRejectedRows, sweptRuns };
  };
}
