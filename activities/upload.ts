/** Upload: sends the validated batches of one segment to Braze, under a lease, and records each answer. */
import { randomUUID } from 'node:crypto';
import { Context } from '@temporalio/activity';
import type { WorkspaceDefinition } from '../model/definitions.ts';
import type { RunCounts } from '../model/run.ts';
import { NO_COUNTS } from '../model/run.ts';
import type { BatchSummary } from './braze/batch-pages.ts';
import type { BrazeClient } from './braze/client.ts';
import { Concurrency } from './braze/concurrency.ts';
import { DEFAULT_LIMITS, type EndpointFamily, endpointOf } from './braze/endpoints.ts';
import { IdleClients } from './braze/idle-clients.ts';
import { meteredBudget, meteredClient, meteredUploads } from './braze/metered.ts';
import type { RateLimit } from './braze/rate-budget.ts';
import { sendBatch } from './braze/send-batch.ts';
import { epochHolder } from './caller.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { type StepProgress, withHeartbeat } from './heartbeat.ts';
import { SegmentFiles, type StagedSegment } from './upload/segment-pages.ts';
import { acquireLease } from './upload/upload-lease.ts';
import { uploadSegment } from './upload/upload-segment.ts';

export interface UploadInput {
  readonly place: StagedSegment;
  readonly pages: number;
}

/** How long requests in flight are waited for once the upload is stopped. */
const GRACE_MS = 3_000;

/** @returns what the run counted so far, by the ledger */
export function upload({ ledger, staging, budgets, guard, log, metrics, settings }: ActivityDependencies) {
  const clients = new IdleClients(guard);
  return async ({ place, pages }: UploadInput): Promise<RunCounts> =>
    withHeartbeat(async (signal, tell) => {
      const { definition: sync } = await ledger.definitions.sync(place.sync);
      const workspace = await ledger.definitions.workspace(sync.workspace);
      const { options } = sync;
      const owner = `${Context.current().info.activityId} ${randomUUID()}`;
      const lease = await acquireLease(ledger.leases, place.sync, owner, settings.leaseTtlMs, signal);
      const family = familyOf(sync.data_type);
      const limit = limitOf(workspace.definition, family);
      const budget = budgets.budget(`${sync.workspace} ${family}`, limit, options.rate_share);
      const concurrency = new Concurrency(options.max_concurrency, budget.perSecond);
      const connection = {
        endpoint: workspace.definition.endpoint,
        apiKey: workspace.apiKey,
        connections: options.max_concurrency,
      };
      const client = clients.take(connection);
      const requests = { workspace: sync.workspace, family };
      const metered = {
        client: meteredClient(client, requests, metrics),
        budget: meteredBudget(budget, requests, metrics),
      };
      let isDone = false;
      let told: StepProgress = {};
      const alsoTell = (more: StepProgress): void => tell((told = { ...told, ...more }));
      const stopWaiting = endSoonAfter(signal, client);
      try {
        await uploadSegment({
          files: new SegmentFiles(staging, place),
          pages,
          holder: { ...epochHolder(place.sync, place.epoch), leaseOwner: owner },
          run: place.run,
          segment: place.segment,
          uploads: meteredUploads(ledger.uploads, place.sync, metrics),
          window: options.unconfirmed_window,
          concurrency,
          signal,
          progress: alsoTell,
          wroteLate: async (batch) => {
            const warning = lateWarning(batch);
            log.warn({ sync: place.sync, run: place.run }, warning);
            // The log has it by now; a ledger out of reach must not hide what ended the upload.
            await ledger.runs.addWarning(place.run, warning).catch(() => undefined);
          },
          send: (batch, tally) =>
            sendBatch(
              batch,
              {
                ...metered,
                endpoint: endpointOf(batch.kind, sync.catalog ?? ''),
                concurrency,
                mayWrite: lease.holds,
                untilMayWrite: lease.untilHolds,
                troubled: (kind) => alsoTell({ [kind]: (told[kind] ?? 0) + 1 }),
                signal,
              },
              tally,
            ),
        });
        isDone = !signal.aborted;
      } finally {
        stopWaiting();
        if (isDone) clients.giveBack(connection, client);
        else await client.destroy().catch(() => undefined);
        await lease.release();
      }
      return (await ledger.runs.get(place.run))?.counts ?? NO_COUNTS;
    });
}

const lateWarning = ({ rows, firstUpdatedAt }: BatchSummary): string =>
  `A worker stood still while it wrote a request, and wrote it after its lease had ended: ${rows} rows, the first of ` +
  `${firstUpdatedAt}, may have set users or items back to older values. \`cdi rewind\` to that time sends the newer ones again.`;

/** Gives up on requests in flight some seconds after the signal, so that a cancelled run ends. */
function endSoonAfter(signal: AbortSignal, client: BrazeClient): () => void {
  let timer: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    timer = setTimeout(() => void client.destroy().catch(() => undefined), GRACE_MS);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  return () => {
    signal.removeEventListener('abort', onAbort);
    clearTimeout(timer);
  };
}

function familyOf(dataType: string): EndpointFamily {
  if (dataType === 'user_deletes') return 'user_delete';
  return dataType === 'catalog' ? 'catalog_items' : 'track';
}

function limitOf(workspace: WorkspaceDefinition, family: EndpointFamily): RateLimit {
  const limit = DEFAULT_LIMITS[family];
  return family === 'track' ? { ...limit, requests: workspace.track_requests_per_3s } : limit;
}
