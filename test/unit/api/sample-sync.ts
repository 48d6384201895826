/** A sync and a run, to be varied. */
import { syncSchema } from '../../../model/definitions.ts';
import type { RunRecord } from '../../../store/runs.ts';
import type { SyncOverview } from '../../../store/sync-overviews.ts';

export function sampleRun(changes: Partial<RunRecord> = {}): RunRecord {
  return {
    id: '00000000-0000-4000-8000-000000000001',
    sync: 'users',
    dataType: 'attributes',
    workflowRunId: '00000000-0000-4000-8000-000000000001',
    trigger: 'schedule',
    status: 'partial',
    upperBound: null,
    watermarkBefore: null,
    watermarkAfter: '2026-01-31 10:00:00.000000',
    counts: { read: 10, sent: 8, rejected: 2, requests: 1, possiblyDoubled: 0 },
    futureRows: 0,
    nullRows: 0,
    unreadRows: null,
    warnings: [],
    error: null,
    held: null,
    startedAt: new Date('2026-01-31T11:00:00Z'),
    finishedAt: new Date('2026-01-31T11:00:02Z'),
    ...changes,
  };
}

export function sampleSync(changes: Partial<SyncOverview> = {}): SyncOverview {
  return {
    name: 'users',
    definition: syncSchema.parse({
      kind: 'sync',
      name: 'users',
      workspace: 'main',
      credential: 'source',
      source: { schema: 'cdi', table: 'users' },
      data_type: 'attributes',
      schedule: { every: '15m' },
      notifications: { contacts: ['a@example.com', 'b@example.com'] },
    }),
    deletedAt: null,
    testedAt: new Date('2026-01-01T00:00:00Z'),
    paused: false,
    pauseNote: null,
    resumedAt: null,
    createdAt: new Date('2026-01-01T00:00:00Z'),
    integrationId: '00000000-0000-4000-8000-000000000002',
    warehouse: 'redshift',
    watermark: '2026-01-31 10:00:00.000000',
    lastRun: sampleRun(),
    ...changes,
  };
}
