/** Extraction: streams one segment of new rows from the warehouse into staged pages. */
import { Context } from '@temporalio/activity';
import type { SyncDefinition } from '../model/definitions.ts';
import { CdiError } from '../model/errors.ts';
import { FULL_REFRESH } from '../model/full-refresh.ts';
import type { RunSize } from '../model/guard.ts';
import { workflowRunId } from './caller.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { extractStretch } from './extraction/extract-stretch.ts';
import type { Stretch } from './extraction/stretch.ts';
import { withHeartbeat } from './heartbeat.ts';
import { SegmentFiles, type SegmentPlace, type StagedSegment } from './upload/segment-pages.ts';
import { withSource } from './warehouses/open-source.ts';
import type { ReadRange } from './warehouses/warehouse.ts';

export interface ExtractInput {
  readonly place: SegmentPlace;
  readonly stretch: Stretch;
  readonly upper: string;
  /** Ceiling of this segment, and of an instant, in rows. */
  readonly rows: number;
  readonly instantRows: number;
  readonly pageRows: number;
  /** What the run has read before this segment, and what it may send. */
  readonly readBefore: RunSize;
  readonly limits: RunSize;
  /** Where it is set, the rows from here up to the upper bound are counted. */
  readonly ahead?: Pick<ReadRange, 'from' | 'inclusive'> | undefined;
}

export interface ExtractedSegment {
  readonly place: StagedSegment;
  readonly pages: number;
  readonly rows: number;
  /** Rows among them that carry DELETED. */
  readonly deletes: number;
  readonly skipped: number;
  readonly bytes: number;
  /** Last instant met: the next segment begins after it. Null where no row was met. */
  readonly last: string | null;
  /** Whether nothing is left of the stretch. */
  readonly end: boolean;
  /** Set where the instant `last` holds more rows than a segment may: how many of them a part should hold. */
  readonly openInstantRows?: number;
  /** Whether the rows turned up late. */
  readonly isLate: boolean;
  /** Whether there is nothing to deliver and nothing to commit. */
  readonly isEmpty: boolean;
  /** How many rows were counted ahead, where that was asked for. */
  readonly rowsAhead?: number;
}

/** @throws CdiError `limit_exceeded` where the run has more rows than it may; the warehouse's and staging's classes */
export function extract({ ledger, staging, metrics }: ActivityDependencies) {
  return async (input: ExtractInput): Promise<ExtractedSegment> =>
    withHeartbeat(async (signal, tell, queries) => {
      const place: StagedSegment = { ...input.place, attempt: Context.current().info.attempt };
      const { definition } = await ledger.definitions.sync(place.sync);
      requireMode(definition, input.stretch);
      const files = new SegmentFiles(staging, place);
      await files.remove();

      const label = `braze-cdi ${place.sync} ${place.run}`;
      const content = await withSource(
        ledger,
        definition,
        { signal, label, queries },
        async ({ connection, columns }) => ({
          ...(input.ahead && {
            rowsAhead: await connection.count(definition.source, columns, {
              ...input.ahead,
              to: input.upper,
            }),
          }),
          ...(await extractStretch(input, {
            ledger,
            definition,
            files,
            read: (range, limit) => connection.read(definition.source, columns, range, limit),
            progress: tell,
          })),
        }),
      );
      signal.throwIfAborted();
      const { tail, readPart, ...counts } = content;
      requireWithin(input, counts);
      if (tail) await files.writeTail(tail);
      const opener = { ...place, workflowRunId: workflowRunId() };
      await ledger.uploads.open(opener, place.run, counts.rows, { part: readPart });
      metrics.rowsRead(place.sync, counts.rows);
      return { place, ...counts, isLate: input.stretch.kind === 'late', isEmpty: tail === undefined };
    });
}

/** What turns up after a run was counted is not covered by its guard, nor by an approval. */
function requireWithin({ readBefore, limits }: ExtractInput, { rows, deletes }: RunSize): void {
  if (readBefore.rows + rows > limits.rows)
    throw new CdiError('limit_exceeded', `More than ${limits.rows} new rows are waiting.`);
  if (readBefore.deletes + deletes > limits.deletes)
    throw new CdiError('limit_exceeded', `More than ${limits.deletes} deletes are waiting.`);
}

/** A run reads as its sync was declared when it began. */
function requireMode(definition: SyncDefinition, stretch: Stretch): void {
  const isRefresh = stretch.kind === 'part' && stretch.instant === FULL_REFRESH;
  if (definition.full_refresh !== isRefresh)
    throw new CdiError(
      'invalid_definition',
      'The sync was changed while a run was open: `full_refresh` differs.',
    );
}
