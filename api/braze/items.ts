/** Syncs and runs in the form of Braze's API: every field there, of the documented type, empty where not yet known. Pure. */
import { z } from '@hono/zod-openapi';
import { syncState, type SyncState } from '../../client/sync-state.ts';
import type { RunStatus } from '../../model/run.ts';
import type { RunRecord } from '../../store/runs.ts';
import type { SyncOverview } from '../../store/sync-overviews.ts';
import { isoInstant } from '../../model/instant.ts';
import { nextRun } from '../next-run.ts';

const time = (text: string): z.ZodString =>
  z.string().describe(`${text} ISO 8601; empty where not yet known.`);

export const integrationSchema = z
  .object({
    integration_id: z.string().describe('UUID of the sync; it stays through every apply.'),
    app_group_id: z.string().describe('Name of the workspace.'),
    integration_name: z.string().describe('Name of the sync.'),
    integration_type: z.string().describe('Data type of the sync.'),
    integration_status: z
      .string()
      .describe('`active`, `paused`, or `draft` before its connection test passed.'),
    contact_emails: z.string().describe('Addresses, separated by commas.'),
    last_updated_at: time('The last synced UPDATED_AT.'),
    warehouse_type: z.string(),
    last_job_start_time: time('Start of the newest run.'),
    last_job_status: z.string().describe('Status of the newest run; empty before the first.'),
    next_scheduled_run: time('Next run of the schedule.'),
  })
  .openapi('Integration');

export type Integration = z.infer<typeof integrationSchema>;

export const jobSchema = z
  .object({
    job_status: z.string().describe('`running`, `success`, `partial`, `error` or `config_error`.'),
    sync_start_time: time('Start of the run.'),
    sync_finish_time: time('End of the run.'),
    last_timestamp_synced: time('UPDATED_AT up to which the run delivered.'),
    rows_synced: z.int(),
    rows_failed_with_errors: z.int(),
  })
  .openapi('JobSyncStatus');

export type Job = z.infer<typeof jobSchema>;

const STATUSES: Readonly<Record<SyncState, string>> = {
  untested: 'draft',
  manual: 'active',
  paused: 'paused',
  active: 'active',
};

/** Braze's API knows fewer statuses; the counts are true for each. */
const JOB_STATUSES: Readonly<Record<RunStatus, string>> = {
  running: 'running',
  held: 'running',
  success: 'success',
  partial: 'partial',
  error: 'error',
  config_error: 'config_error',
  limit_exceeded: 'error',
  cancelled: 'error',
};

export function integrationOf(sync: SyncOverview, now: Date): Integration {
  const { definition, lastRun } = sync;
  return {
    integration_id: sync.integrationId,
    app_group_id: definition.workspace,
    integration_name: sync.name,
    integration_type: definition.data_type,
    integration_status: STATUSES[syncState(sync)],
    contact_emails: definition.notifications.contacts.join(','),
    last_updated_at: isoInstant(sync.watermark),
    warehouse_type: sync.warehouse,
    last_job_start_time: lastRun ? startTime(lastRun) : '',
    last_job_status: lastRun ? JOB_STATUSES[lastRun.status] : '',
    next_scheduled_run: nextRun(sync, now)?.toISOString() ?? '',
  };
}

export function jobOf(run: RunRecord): Job {
  return {
    job_status: JOB_STATUSES[run.status],
    sync_start_time: startTime(run),
    sync_finish_time: run.finishedAt?.toISOString() ?? '',
    last_timestamp_synced: isoInstant(run.watermarkAfter),
    rows_synced: run.counts.sent,
    rows_failed_with_errors: run.counts.rejected,
  };
}

/**
 * The ledger counts microseconds, and a Date drops them: rounded up, the start is never before the request that asked
 * for it, by which clients find their run.
 */
const startTime = ({ startedAt }: RunRecord): string => new Date(startedAt.getTime() + 1).toISOString();
