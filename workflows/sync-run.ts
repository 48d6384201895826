/** One run of a sync. */
import {
  ApplicationFailure,
  CancellationScope,
  continueAsNew,
  ContinueAsNew,
  isCancellation,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { FinishedRun } from '../activities/finish-run.ts';
import { ERROR_RULES } from '../model/errors.ts';
import { runWorkflowId } from '../model/names.ts';
import { NO_COUNTS, type Trigger } from '../model/run.ts';
import { step } from './activity-options.ts';
import { type RunFailure, failureOf } from './failure.ts';
import { Progress, grouped } from './progress.ts';
import { sendSegments } from './send-segments.ts';

export interface SyncRunInput {
  readonly sync: string;
  readonly trigger: Trigger;
  /** Set where a run goes on in a new workflow execution: its id, its upper bound, and how often pages were lost. */
  readonly continued?: { readonly run: string; readonly upper: string; readonly lostPages: number };
}

/** What an operator reads as the result of a run. */
export interface SyncRunReport extends FinishedRun {
  readonly sync: string;
  readonly run: string;
  readonly summary: string;
}

const SYNC_NAME = defineSearchAttributeKey('SyncName', 'KEYWORD');
const SYNC_DATA_TYPE = defineSearchAttributeKey('SyncDataType', 'KEYWORD');
const SYNC_TRIGGER = defineSearchAttributeKey('SyncTrigger', 'KEYWORD');
const SYNC_OUTCOME = defineSearchAttributeKey('SyncOutcome', 'KEYWORD');
const ROWS_REJECTED = defineSearchAttributeKey('RowsRejected', 'INT');

/** Staged pages that vanish again and again are a fault of the machine, not of a moment. */
const LOST_PAGES_LIMIT = 3;

export async function syncRun(input: SyncRunInput): Promise<SyncRunReport> {
  const { sync, trigger, continued } = input;
  requireOwnId(sync);
  const run = continued?.run ?? workflowInfo().runId;
  let upper = continued?.upper;

  try {
    upsertSearchAttributes([
      { key: SYNC_NAME, value: sync },
      { key: SYNC_TRIGGER, value: trigger },
    ]);
    const source = await step('testConnection', `source of ${sync}`, { sync, run, trigger });
    upsertSearchAttributes([{ key: SYNC_DATA_TYPE, value: source.dataType }]);
    const start = await step('readWatermark', `${source.source} in ${source.warehouse}`, {
      sync,
      run,
      upper,
    });
    upper = start.upper;
    for (const closed of start.closedRuns) await tell(closed, 'ended outside');
    const progress = new Progress(`${sync}: ${source.source} to ${source.workspace}`, start.counts);
    progress.at(`Reading what is new up to ${start.upper}.`);
    const outcome = await sendSegments({ sync, run, start, progress });
    if (outcome === 'continue') {
      return await continueAsNew<typeof syncRun>({
        sync,
        trigger,
        continued: { run, upper, lostPages: continued?.lostPages ?? 0 },
      });
    }
    return await end(undefined);
  } catch (error) {
    if (error instanceof ContinueAsNew) throw error;
    const failure = failureOf(error);
    if (failure.type === 'superseded') return continueAsNew<typeof syncRun>({ sync, trigger });
    const lostPages = (continued?.lostPages ?? 0) + 1;
    if (failure.type === 'staging_lost' && upper !== undefined && lostPages <= LOST_PAGES_LIMIT) {
      return continueAsNew<typeof syncRun>({ sync, trigger, continued: { run, upper, lostPages } });
    }
    const report = await CancellationScope.nonCancellable(() => end(failure));
    if (isCancellation(error)) throw error;
    throw ApplicationFailure.create({
      type: failure.type,
      message: `${failure.message} ${ERROR_RULES[failure.type].hint}`,
      nonRetryable: true,
      details: [report],
    });
  }

  /** Closes the run and tells who asked to be told; a mail server that is down never fails a run. */
  async function end(failure: RunFailure | undefined): Promise<SyncRunReport> {
    const finished = await step('finishRun', failure ? `ended by ${failure.type}` : 'all delivered', {
      sync,
      run,
      failure,
    });
    upsertSearchAttributes([
      ...(finished.dataType === undefined ? [] : [{ key: SYNC_DATA_TYPE, value: finished.dataType }]),
      { key: SYNC_OUTCOME, value: finished.status },
      { key: ROWS_REJECTED, value: finished.counts.rejected },
    ]);
    const why = failure
      ? `${failure.message} ${ERROR_RULES[failure.type].hint} (${failure.type})`
      : sentence(finished);
    const rejected =
      finished.counts.rejected > 0 ? ` Rejected rows: \`cdi rejected ${sync} --run ${run}\`.` : '';
    new Progress(`${sync}: ${finished.status}`, NO_COUNTS).at(why + rejected, finished.counts);
    await tell(run, finished.status);
    return { sync, run, summary: sentence(finished), ...finished };
  }

  async function tell(ended: string, how: string): Promise<void> {
    await step('notify', how, { sync, run: ended }).catch(() => undefined);
  }
}

function sentence({ counts, seconds, watermark }: FinishedRun): string {
  const pace = seconds > 0 ? ` (${grouped(counts.sent / seconds)} rows/s)` : '';
  return (
    `${grouped(counts.read)} rows read, ${grouped(counts.sent)} sent, ${grouped(counts.rejected)} rejected ` +
    `in ${seconds.toFixed(1)} s${pace}; delivered up to ${watermark ?? 'nothing yet'}.`
  );
}

/** The id is the lock: a run under any other id could meet one under the right one. */
function requireOwnId(sync: string): void {
  if (workflowInfo().workflowId === runWorkflowId(sync)) return;
  throw ApplicationFailure.nonRetryable(
    `A run of ${sync} must have the workflow id ${runWorkflowId(sync)}.`,
    'invalid_definition',
  );
}
