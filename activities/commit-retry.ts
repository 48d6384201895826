/** The commit of a retry: its rejected rows are settled, its pages go, and the watermark stays. */
import { parseDuration } from '../model/duration.ts';
import { epochHolder } from './caller.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { SegmentFiles, type StagedSegment } from './upload/segment-pages.ts';

export interface CommitRetryInput {
  readonly place: StagedSegment;
}

/** @throws CdiError `superseded` where another run has taken over */
export function commitRetry({ ledger, staging }: ActivityDependencies) {
  return async ({ place }: CommitRetryInput): Promise<void> => {
    await ledger.retries.commit(epochHolder(place.sync, place.epoch), place.run, place.segment);
    const { definition } = await ledger.definitions.sync(place.sync);
    if (parseDuration(definition.options.keep_rows) === 0) await new SegmentFiles(staging, place).remove();
  };
}
