/** The end of a run, however it ended: its record is closed, and who asked is told. */
import { upsertSearchAttributes } from '@temporalio/workflow';
import type { FinishedRun } from '../activities/finish-run.ts';
import { ERROR_RULES } from '../model/errors.ts';
import { NO_COUNTS } from '../model/run.ts';
import { step } from './activity-options.ts';
import type { RunFailure } from './failure.ts';
import { Progress, grouped } from './progress.ts';
import { ROWS_REJECTED, SYNC_DATA_TYPE, SYNC_OUTCOME } from './search-attributes.ts';

/** What an operator reads as the result of a run. */
export interface RunReport extends Omit<FinishedRun, 'isTold'> {
  readonly sync: string;
  readonly run: string;
  readonly summary: string;
}

/** @param warnings what else is to be told of the run */
export async function closeRun(
  { sync, run }: { sync: string; run: string },
  failure: RunFailure | undefined,
  warnings?: readonly string[],
): Promise<RunReport> {
  const { isTold, ...finished } = await step(
    'finishRun',
    failure ? `ended by ${failure.type}` : 'all delivered',
    {
      sync,
      run,
      failure,
      ...(warnings === undefined ? {} : { warnings }),
    },
  );
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
  if (isTold) await tellOf(sync, run, finished.status);
  return { sync, run, summary: sentence(finished), ...finished };
}

/** Tells who asked to be told; a mail server that is down never fails a run. */
export async function tellOf(sync: string, run: string, how: string): Promise<void> {
  await step('notify', how, { sync, run }).catch(() => undefined);
}

function sentence({
  counts,
  seconds,
  watermark,
}: Pick<FinishedRun, 'counts' | 'seconds' | 'watermark'>): string {
  const pace = seconds > 0 ? ` (${grouped(counts.sent / seconds)} rows/s)` : '';
  return (
    `${grouped(counts.read)} rows read, ${grouped(counts.sent)} sent, ${grouped(counts.rejected)} rejected ` +
    `in ${seconds.toFixed(1)} s${pace}; delivered up to ${watermark ?? 'nothing yet'}.`
  );
}
