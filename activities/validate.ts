/** Validation: turns staged rows into ready request bodies and rejected rows. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RequestKind, RowRules } from '../model/composed-object.ts';
import type { SyncDefinition, WorkspaceDefinition } from '../model/definitions.ts';
import { BatchPageWriter, type BatchSummary } from './braze/batch-pages.ts';
import { BODY_BYTES, ITEMS_PER_REQUEST, endpointOf } from './braze/endpoints.ts';
import { type PackLimits, packBatches } from './braze/pack.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { withHeartbeat } from './heartbeat.ts';
import { RowPage } from './rows/row-page.ts';
import { isReplaced } from '../model/data-type.ts';
import { SegmentFiles, type StagedSegment } from './upload/segment-pages.ts';
import { underNewerRows } from './validation/late-rows.ts';
import { TextArena } from './validation/text-arena.ts';
import { validatePage } from './validation/validate-page.ts';

export interface ValidateInput {
  readonly place: StagedSegment;
  readonly pages: number;
  /** Whether the rows turned up late: newer rows of their users lie beside them. */
  readonly isLate?: boolean;
}

export interface ValidatedSegment {
  readonly batches: number;
  readonly objects: number;
  readonly rejected: number;
}

/** @throws CdiError `staging_lost`, `staging_full` */
export function validate({ ledger, staging }: ActivityDependencies) {
  return async ({ place, pages, isLate = false }: ValidateInput): Promise<ValidatedSegment> =>
    withHeartbeat(async (signal) => {
      const { definition: sync } = await ledger.definitions.sync(place.sync);
      const { definition: workspace } = await ledger.definitions.workspace(sync.workspace);
      const rules = rulesOf(sync);
      const limits = packLimits(workspace);
      const files = new SegmentFiles(staging, place);
      // Used for one page after the other: fresh memory of this size would cost more than what is done with it.
      const arena = new TextArena();
      const writer = new BatchPageWriter();
      const total = { batches: 0, objects: 0, rejected: 0 };
      for (let page = 0; page < pages; page += 1) {
        signal.throwIfAborted();
        const rows = new RowPage(await files.readRows(page));
        const edit =
          isLate && isReplaced(rules.dataType)
            ? underNewerRows(new RowPage(await files.readNewer(page)), rules)
            : undefined;
        const { objects, texts, rejected, superseded } = await validatePage(
          rows,
          rules,
          arena,
          nextTurn,
          edit,
        );
        const summaries: BatchSummary[] = [];
        writer.begin(texts, (row, target, at) => rows.copyDigest(row, target, at));
        for (const batch of packBatches(objects, limits)) {
          const place = writer.add(endpointOf(batch.kind, sync.catalog ?? ''), batch.objects);
          summaries.push({ ...summarise(batch.kind, batch.objects, rows), ...place });
          if (summaries.length % 20 === 0) await nextTurn();
        }
        await files.writeBatches(page, { batches: summaries, rejected, superseded }, writer.bytes);
        total.batches += summaries.length;
        total.objects += objects.length;
        total.rejected += rejected.length;
      }
      return total;
    });
}

export function rulesOf(sync: SyncDefinition): RowRules {
  return {
    dataType: sync.data_type,
    updateExistingOnly: sync.update_existing_only,
    fullRefresh: sync.full_refresh,
  };
}

/** Objects per request, by the workspace's plan. One array is all that a request of ours fills, so `legacy` is 75. */
export function packLimits(workspace: WorkspaceDefinition): PackLimits {
  const track = workspace.track_batch === 50 ? 50 : 75;
  return {
    objects: (kind: RequestKind) =>
      kind === 'attributes' || kind === 'events' || kind === 'purchases' ? track : ITEMS_PER_REQUEST,
    bytes: BODY_BYTES,
  };
}

function summarise(
  kind: RequestKind,
  objects: readonly { readonly rows: readonly number[] }[],
  page: RowPage,
): Omit<BatchSummary, 'offset' | 'length'> {
  let rows = 0;
  let firstUpdatedAt = '';
  let lastUpdatedAt = '';
  for (const object of objects) {
    for (const row of object.rows) {
      const updatedAt = page.updatedAt(row);
      if (firstUpdatedAt === '' || updatedAt < firstUpdatedAt) firstUpdatedAt = updatedAt;
      if (updatedAt > lastUpdatedAt) lastUpdatedAt = updatedAt;
      rows += 1;
    }
  }
  return { kind, objects: objects.length, rows, firstUpdatedAt, lastUpdatedAt };
}
