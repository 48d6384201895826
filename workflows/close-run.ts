/** The end of a run, however it ended: its record is closed, and who asked is told. */
import { upsertSearchAttributes } from '@temporalio/workflow';
import type { FinishedRun } from '../activities/finish-run.ts';
import { step } from './activity-options.ts';
import { endedDetails, grouped } from './current-details.ts';
import type { RunFailure } from './failure.ts';
import type { Progress } from './progress.ts';
import { ROWS_REJECTED, SYNC_DATA_TYPE, SYNC_OUTCOME } from './search-attributes.ts';

/** What an operator reads as the result of a run. */
export interface RunReport extends Omit<FinishedRun, 'isTold'> {
  readonly sync: string;
  readonly run: string;
  readonly summary: string;
}

/** @param warnings what else is to be told of the run */
export async function closeRun(
  { sync, run, progress }: { sync: string; run: string; progress: Progress },
  failure: RunFailure | undefined,
  warnings?: readonly string[],
): Promise<RunReport> {
  const { isTold, ...finished } = await progress.step(
    failure ? 'failRun' : 'finishRun',
    failure ? `ended by ${failure.type}` : 'every new row is dealt with',
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
  progress.ends(endedDetails({ sync, run, finished, failure }));
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
