/** Where a run begins and ends: a new epoch, the watermark, and the upper bound by the source's own clock. */
import { CdiError } from '../model/errors.ts';
import { parseDuration } from '../model/duration.ts';
import type { RunCounts } from '../model/run.ts';
import { NO_COUNTS } from '../model/run.ts';
import { epochHolder, workflowRunId } from './caller.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { beginOfLookback } from './extraction/begin-of-lookback.ts';
import { withHeartbeat } from './heartbeat.ts';
import { verifyWhenDue } from './verification/verify-when-due.ts';
import { movesWithClock } from './warehouses/moves-with-clock.ts';
import { withSource } from './warehouses/open-source.ts';

export interface ReadWatermarkInput {
  readonly sync: string;
  readonly run: string;
  /** The upper bound of a run that goes on after a continue-as-new. */
  readonly upper?: string | undefined;
}

export interface RunStart {
  readonly epoch: number;
  /** Rows at this instant may be new too; null: from the beginning. */
  readonly from: string | null;
  readonly upper: string;
  /** Whether the table is read whole. */
  readonly isRefresh: boolean;
  /** Whether the instant `from` was read in parts. */
  readonly hasParts: boolean;
  /** With `lookback`: rows after this UPDATED_AT may have turned up late. Null: none are looked for. */
  readonly lateAfter: string | null;
  /** What the run counted before a continue-as-new. */
  readonly counts: RunCounts;
  /** Runs that were terminated or reset and are closed now, to be notified. */
  readonly closedRuns: readonly string[];
  readonly futureRows: number;
  /** Undefined where they were not counted this time. */
  readonly nullRows: number | undefined;
  readonly options: {
    readonly pageRows: number;
    readonly segmentRows: number;
  };
}

/** @throws CdiError of the warehouse's classes */
export function readWatermark({ ledger, staging, log }: ActivityDependencies) {
  return async ({ sync: name, run, upper: knownUpper }: ReadWatermarkInput): Promise<RunStart> =>
    withHeartbeat(async (signal) => {
      const { epoch, watermark, closedRuns } = await ledger.watermarks.begin(name, run, workflowRunId());
      const { definition } = await ledger.definitions.sync(name);
      const { options, start_from: startFrom } = definition;
      for (const closed of closedRuns) {
        log.warn({ sync: name, run: closed }, 'closed a run that was terminated or reset');
        await staging.remove(`${name}/${closed}`);
      }
      const holder = epochHolder(name, epoch);
      const found = await withSource(
        ledger,
        definition,
        { signal, label: `braze-cdi ${name} ${run}` },
        async (source) => {
          const clock = await source.connection.clock(parseDuration(options.safety_lag) ?? 0);
          const upper = knownUpper ?? clock.upper;
          let from = watermark?.value ?? null;
          if (!watermark) {
            if (startFrom === 'now') from = upper;
            else if (startFrom !== 'beginning') from = source.warehouse.instant(startFrom);
            await ledger.watermarks.initialise(holder, from, run);
          } else if (knownUpper === undefined && !definition.full_refresh)
            await verifyWhenDue(ledger, definition, run, source);
          const futureRows = definition.full_refresh
            ? 0
            : await source.connection.countAfter(definition.source, source.columns, clock.now);
          if (futureRows > 0 && (await movesWithClock(source, definition.source))) {
            await ledger.runs.addWarning(
              run,
              'UPDATED_AT of this view is the current time, so no run finds a row to send: set `full_refresh: true`.',
            );
          }
          const countNulls = !(await ledger.watermarks.nullRowsCountedToday(name));
          const nullRows = countNulls
            ? await source.connection.countWithoutTimestamp(definition.source, source.columns)
            : undefined;
          const lateAfter = await beginOfLookback(
            ledger,
            { ...holder, run },
            definition,
            from,
            source.warehouse,
          );
          return { from, upper, futureRows, nullRows, lateAfter };
        },
      );
      await ledger.watermarks.recordBounds(run, found);
      if (found.futureRows > 0) {
        await ledger.runs.addWarning(
          run,
          `${found.futureRows} rows have an UPDATED_AT in the future; they wait until then.`,
        );
      }
      if (found.nullRows) {
        await ledger.runs.addWarning(run, `${found.nullRows} rows have no UPDATED_AT; they are never sent.`);
      }
      if (!/^\d{4}-/.test(found.upper)) throw new CdiError('internal', 'The warehouse told no usable time.');
      return {
        epoch,
        isRefresh: definition.full_refresh,
        hasParts: found.from !== null && (await ledger.instantParts.has(name, found.from)),
        closedRuns,
        ...found,
        counts: (await ledger.runs.get(run))?.counts ?? NO_COUNTS,
        options: {
          pageRows: Math.min(options.page_size, options.segment_rows),
          segmentRows: options.segment_rows,
        },
      };
    });
}
