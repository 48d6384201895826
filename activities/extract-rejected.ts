/** Extraction of a retry: stages rejected rows that may be sent again. The watermark has no part in it. */
import { Context } from '@temporalio/activity';
import type { SyncDefinition } from '../model/definitions.ts';
import { type LeftCounts, NONE_LEFT, type RetryCursor, type RetryRequest, addLeft } from '../model/retry.ts';
import type { SourceRow } from '../model/row.ts';
import type { Claim } from '../store/retries.ts';
import { segmentTail } from '../store/segment-tail.ts';
import { workflowRunId } from './caller.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { withHeartbeat } from './heartbeat.ts';
import { type ChoiceRules, chooseRows } from './retry/choose-rows.ts';
import { chunksOf, indexUsers, versionsOf } from './retry/index-users.ts';
import { standingRows } from './retry/standing-rows.ts';
import { RowPageWriter } from './rows/row-page.ts';
import { SegmentFiles, type SegmentPlace, type StagedSegment } from './upload/segment-pages.ts';
import { withSource } from './warehouses/open-source.ts';

export interface ExtractRejectedInput {
  readonly place: SegmentPlace;
  readonly request: RetryRequest;
  /** Rejected rows up to this one are dealt with. */
  readonly after: RetryCursor | null;
  /** The watermark: no row after it was sent yet. */
  readonly watermark: string | null;
  readonly upper: string;
  /** Ceiling of this segment, in rejected rows. */
  readonly rows: number;
  readonly pageRows: number;
}

export interface RejectedSegment {
  readonly place: StagedSegment;
  readonly pages: number;
  /** Rows that go out. */
  readonly rows: number;
  /** Rejected rows that are left alone. */
  readonly left: LeftCounts;
  /** The last rejected row that was looked at. */
  readonly last: RetryCursor | null;
  readonly end: boolean;
}

const PAGE_BYTES = 16 << 20;

/** @throws CdiError `superseded`, the warehouse's and staging's classes */
export function extractRejected({ ledger, staging }: ActivityDependencies) {
  return async (input: ExtractRejectedInput): Promise<RejectedSegment> =>
    withHeartbeat(async (signal, tell) => {
      const { request, after, rows } = input;
      const place: StagedSegment = { ...input.place, attempt: Context.current().info.attempt };
      const { sync, run } = place;
      const { definition } = await ledger.definitions.sync(sync);
      const versions = versionsOf({
        isReadWhole: definition.full_refresh,
        deletesUsers: definition.data_type === 'user_deletes',
      });
      const rules = rulesOf(definition, request, await ledger.retries.examined(sync));
      const files = new SegmentFiles(staging, place);
      await files.remove();
      const { users, last, end } = await indexUsers(ledger.retries, {
        sync,
        run,
        request,
        after,
        rows,
        versions,
      });

      const page = new RowPageWriter();
      const claims: Claim[] = [];
      let pages = 0;
      let left = NONE_LEFT;
      const turnPage = async (): Promise<void> => {
        if (page.rows === 0) return;
        await files.writeRows(pages, page.finish());
        pages += 1;
        tell({ rowsRead: claims.length, pages });
      };
      await withSource(ledger, definition, { signal, label: `braze-cdi ${sync} ${run}` }, async (source) => {
        for (const chunk of chunksOf(users)) {
          signal.throwIfAborted();
          const standing = await standingRows(source, definition, chunk, newest(definition, input), versions);
          const choices = chunk.map(({ hash, offered }) =>
            chooseRows<SourceRow | null>(offered, standing.get(hash) ?? NOTHING, rules),
          );
          const kept = choices.flatMap(({ send }) => send.flatMap(({ id, row }) => (row ? [] : [id])));
          const rejected = await ledger.retries.rows(kept);
          for (const choice of choices) {
            left = addLeft(left, choice.left);
            for (const { id, row } of choice.send) {
              const going = row ?? rejected.get(id);
              if (!going) continue;
              claims.push({ id, digest: Buffer.from(page.add(going)) });
              if (page.rows >= input.pageRows || page.bytes >= PAGE_BYTES) await turnPage();
            }
          }
        }
      });
      await turnPage();
      signal.throwIfAborted();
      await files.writeTail(segmentTail({ kind: 'late', value: null }));
      await ledger.uploads.open({ ...place, workflowRunId: workflowRunId() }, run, claims.length, { claims });
      return { place, pages, rows: claims.length, left, last, end };
    });
}

const NOTHING = { at: new Map<string, never[]>(), newestOther: null };

function rulesOf(
  { data_type: dataType, full_refresh: isReadWhole }: SyncDefinition,
  { asRejected, deletes }: RetryRequest,
  isExamined: (at: string) => boolean,
): ChoiceRules {
  return {
    asRejected,
    deletes,
    isAppended: dataType === 'events' || dataType === 'purchases',
    isExamined: (at) => isReadWhole || isExamined(at),
  };
}

/** UPDATED_AT of the newest rows that matter: those of a later run go out after this one's anyway. */
function newest(
  definition: SyncDefinition,
  { request, watermark, upper }: ExtractRejectedInput,
): string | null {
  if (definition.full_refresh) return null;
  return request.asRejected ? (watermark ?? upper) : upper;
}
