/** What `/v1` answers. */
import { z } from '@hono/zod-openapi';
import { runAsJson } from '../../client/commands/describe-run.ts';
import { scheduleText, syncState } from '../../client/sync-state.ts';
import { DATA_TYPES } from '../../model/data-type.ts';
import { HELD_DECISIONS } from '../../model/guard.ts';
import { RUN_STATUSES, TRIGGERS } from '../../model/run.ts';
import type { SyncOverview } from '../../store/sync-overviews.ts';
import { secondsBehind } from '../instant.ts';
import { nextRun } from '../next-run.ts';

const count = z.int().min(0);
const time = z.string().openapi({ format: 'date-time' });
const updatedAt = z.string().nullable().describe('UPDATED_AT at the precision of the source, in UTC.');

const runSize = { rows: count, deletes: count };

export const runSchema = z
  .object({
    run: z.string(),
    sync: z.string(),
    dataType: z.enum(DATA_TYPES),
    trigger: z.enum(TRIGGERS),
    status: z.enum(RUN_STATUSES),
    read: count.describe('New rows read so far.'),
    sent: count.describe('Rows delivered so far.'),
    rejected: count.describe('Rows rejected so far.'),
    requests: count.describe('Requests that Braze answered so far.'),
    possiblyDoubled: count.describe('Rows that may have reached Braze twice, at most.'),
    futureRows: count,
    nullRows: count,
    watermarkBefore: updatedAt,
    watermarkAfter: updatedAt,
    upperBound: updatedAt,
    warnings: z.array(z.string()),
    error: z.object({ type: z.string(), message: z.string(), code: z.string().nullable() }).nullable(),
    held: z
      .object({
        ...runSize,
        limits: z.object(runSize),
        since: time,
        answer: z.object({ decision: z.enum(HELD_DECISIONS), by: z.string(), at: time }).nullable(),
      })
      .nullable()
      .describe('What a guard asked of people, and their answer.'),
    startedAt: time,
    finishedAt: time.nullable(),
    seconds: z.number(),
    rowsPerSecond: count.describe('Of the run so far.'),
  })
  .openapi('Run');

export const syncSchema = z
  .object({
    sync: z.string(),
    integrationId: z.string().openapi({ format: 'uuid' }),
    description: z.string().nullable(),
    dataType: z.enum(DATA_TYPES),
    source: z.object({ schema: z.string(), table: z.string() }),
    warehouse: z.string(),
    credential: z.string(),
    workspace: z.string(),
    schedule: z.string().describe('In words.'),
    state: z.enum(['untested', 'manual', 'paused', 'active']),
    pauseNote: z.string().nullable(),
    testedAt: time.nullable(),
    watermark: updatedAt,
    secondsBehind: z.number().nullable().describe('How far the watermark lies behind the present time.'),
    nextRun: time.nullable(),
    lastRun: runSchema.nullable(),
  })
  .openapi('Sync');

export function syncAsJson(sync: SyncOverview, now: Date): z.infer<typeof syncSchema> {
  const { definition, lastRun } = sync;
  const state = syncState(sync);
  return {
    sync: sync.name,
    integrationId: sync.integrationId,
    description: definition.description ?? null,
    dataType: definition.data_type,
    source: definition.source,
    warehouse: sync.warehouse,
    credential: definition.credential,
    workspace: definition.workspace,
    schedule: scheduleText(definition),
    state,
    pauseNote: state === 'paused' ? sync.pauseNote : null,
    testedAt: sync.testedAt?.toISOString() ?? null,
    watermark: sync.watermark,
    secondsBehind: secondsBehind(sync.watermark, now),
    nextRun: nextRun(sync, now)?.toISOString() ?? null,
    lastRun: lastRun && runJson(lastRun),
  };
}

/** The same as `cdi runs --json`. */
export function runJson(run: Parameters<typeof runAsJson>[0]): z.infer<typeof runSchema> {
  const { warnings, ...rest } = runAsJson(run);
  return { ...rest, warnings: [...warnings] };
}

export const rangeSchema = z
  .object({
    firstBatch: z.int(),
    lastBatch: z.int(),
    rows: count,
    firstUpdatedAt: z.string(),
    lastUpdatedAt: z.string(),
    cause: z.enum(['answer_lost', 'attempt_lost']),
  })
  .openapi('PossiblyDoubledRange');

export const rejectedRowSchema = z
  .object({
    id: z.string().nullable().describe('ID of a catalog item.'),
    run: z.string(),
    rejectedAt: time,
    code: z.string(),
    reason: z.string(),
    origin: z.string(),
    settledBy: z
      .string()
      .nullable()
      .describe('The run that sent it again, or `rewind`; null: a retry may still send it.'),
    updatedAt: z.string(),
    externalId: z.string().nullable(),
    aliasName: z.string().nullable(),
    aliasLabel: z.string().nullable(),
    brazeId: z.string().nullable(),
    email: z.string().nullable(),
    phone: z.string().nullable(),
    payload: z.string().nullable(),
    deleted: z.boolean().nullable(),
  })
  .openapi('RejectedRow');

export const reasonSchema = z
  .object({ code: z.string(), reason: z.string(), rows: count })
  .openapi('RejectionReason');

const instructionSchema = z.object({
  text: z.string(),
  sql: z.string().optional(),
  shell: z.string().optional(),
  file: z.object({ name: z.string(), text: z.string() }).optional(),
});

export const verdictSchema = z
  .object({
    sync: z.string(),
    passed: z.boolean(),
    type: z.string().optional().describe('Error type, where it failed.'),
    message: z.string().optional(),
    code: z.string().nullable().optional().describe("The warehouse's own code."),
    remedy: instructionSchema.optional().describe("What to do, in the warehouse's own statements."),
    preview: z
      .object({
        columns: z.array(z.string()),
        rows: z.array(z.record(z.string(), z.unknown())),
        requests: z.array(z.object({ method: z.string(), path: z.string(), body: z.string() })),
        rejected: z.array(z.object({ row: z.int(), code: z.string(), reason: z.string() })),
        futureRows: count,
        nullRows: count,
        movesWithClock: z.boolean(),
      })
      .optional()
      .describe('The first rows and the requests they would become.'),
  })
  .openapi('TestVerdict');
