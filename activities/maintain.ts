/** Housekeeping, every minute: closes runs that nobody ended, mirrors pauses, tells what is due, sweeps what has expired. */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseDuration } from '../model/duration.ts';
import { classify } from '../model/errors.ts';
import { look } from '../notify/watch.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { runFolder } from './staging/staging.ts';
import { asError } from './upload/as-error.ts';

const DAY_MS = 86_400_000;
const REJECTED_ROWS_MS = 30 * DAY_MS;
/** Whatever a sync's `keep_rows` says. */
const KEPT_PAGES_MS = 30 * DAY_MS;
/** At least twelve months, in leap years too. */
const RUNS_MS = 366 * DAY_MS;
const PREVIEWS_MS = 600_000;
/** A run that was opened only now may not be visible in Temporal yet. */
const SETTLED_MS = 30_000;
const ORPHANS_MS = 3_600_000;
/** So long the step waits for mail servers and webhooks; they are told all the same. */
const TELLING_MS = 45_000;

export interface Maintained {
  /** Runs that were terminated or reset and are closed now, to be notified. */
  readonly closed: readonly ClosedRun[];
  readonly sweptRejectedRows: number;
  readonly sweptRuns: number;
}

interface ClosedRun {
  readonly sync: string;
  readonly run: string;
}

/**
 * One part that fails holds up no other. What was closed is returned in any case: nobody would be told of it otherwise.
 *
 * @throws the first failure, where nothing was closed
 */
export function maintain(dependencies: ActivityDependencies) {
  const { ledger, log } = dependencies;
  return async (): Promise<Maintained> => {
    const now = Date.now();
    const closed: ClosedRun[] = [];
    let sweptRejectedRows = 0;
    let sweptRuns = 0;
    const parts: [name: string, work: () => Promise<unknown>][] = [
      ['close', () => closeEndedRuns(dependencies, now, closed)],
      ['mirror', () => mirrorPauses(dependencies)],
      ['notices', () => tellWhatIsDue(dependencies)],
      [
        'rejected rows',
        async () => (sweptRejectedRows = await ledger.rejectedRows.sweep(before(now, REJECTED_ROWS_MS))),
      ],
      ['runs', async () => (sweptRuns = await ledger.runs.sweep(before(now, RUNS_MS)))],
      ['corrections', () => ledger.corrections.sweep(before(now, RUNS_MS))],
      ['previews', () => ledger.previews.sweep(PREVIEWS_MS)],
      ['incidents', () => ledger.incidents.sweep(before(now, RUNS_MS))],
      ['forgotten syncs', () => ledger.sweepForgotten()],
      ['staging', () => sweepStaging(dependencies)],
    ];
    let failure: Error | undefined;
    for (const [part, work] of parts) {
      try {
        await work();
      } catch (error) {
        failure ??= asError(error);
        log.warn({ type: classify(error).type, part }, 'a part of the maintenance failed; it is tried again');
      }
    }
    if (failure !== undefined && closed.length === 0) throw failure;
    return { closed, sweptRejectedRows, sweptRuns };
  };
}

const before = (now: number, ms: number): Date => new Date(now - ms);

/** @param closed gets each run as it is closed, also where a later one fails */
async function closeEndedRuns(
  { ledger, staging, temporal, log }: ActivityDependencies,
  now: number,
  closed: ClosedRun[],
): Promise<void> {
  for (const { id, sync, startedAt } of await ledger.runs.unfinished()) {
    if (now - startedAt.getTime() < SETTLED_MS) continue;
    if ((await temporal.openRun(sync)) !== undefined) continue;
    const record = await ledger.runs.finish(id, () => ({
      status: 'cancelled',
      error: {
        type: 'ended_outside',
        message: 'The run was terminated from the Temporal side.',
        code: null,
      },
    }));
    if (!record) continue;
    closed.push({ sync, run: id });
    log.warn({ sync, run: id }, 'closed a run that was terminated');
    await staging.remove(runFolder(sync, id));
  }
}

async function mirrorPauses({ ledger, temporal }: ActivityDependencies): Promise<void> {
  const pauses = await temporal.schedulePauses();
  for (const { name, deletedAt, paused, pauseNote } of await ledger.definitions.syncs()) {
    const schedule = pauses.get(name);
    if (deletedAt || !schedule) continue;
    if (schedule.paused !== paused || (schedule.note ?? null) !== pauseNote)
      await ledger.definitions.setPaused(name, schedule.paused, schedule.note ?? null);
  }
}

/** A mail server or a webhook that is away is no fault of the maintenance. */
async function tellWhatIsDue(dependencies: ActivityDependencies): Promise<void> {
  const looked = look(dependencies).catch((error: unknown) => {
    const { type } = classify(error);
    dependencies.log.warn({ type }, 'what is due could not be told; it is tried again');
  });
  await Promise.race([looked, sleep(TELLING_MS, undefined, { ref: false })]);
}

async function sweepStaging({ ledger, staging }: ActivityDependencies): Promise<void> {
  const open = new Set((await ledger.runs.unfinished()).map(({ id }) => id));
  const keep = new Map(
    (await ledger.definitions.syncs()).map(({ name, definition }) => [
      name,
      Math.min(parseDuration(definition.options.keep_rows) ?? 0, KEPT_PAGES_MS),
    ]),
  );
  for (const { sync, run, idleMs } of await staging.idleRuns(ORPHANS_MS))
    if (!open.has(run) && idleMs >= (keep.get(sync) ?? 0)) await staging.remove(runFolder(sync, run));
}
