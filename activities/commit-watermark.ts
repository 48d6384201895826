/** The commit: moves the watermark to the end of a segment that is delivered, then lets go of its pages. */
import { parseDuration } from '../model/duration.ts';
import { epochHolder } from './caller.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { SegmentFiles, type StagedSegment } from './upload/segment-pages.ts';

export interface CommitInput {
  readonly place: StagedSegment;
}

/**
 * @returns the watermark's text; null while there is none
 * @throws CdiError `superseded` where another run has taken over
 */
export function commitWatermark({ ledger, staging }: ActivityDependencies) {
  return async ({ place }: CommitInput): Promise<string | null> => {
    const { definition } = await ledger.definitions.sync(place.sync);
    const watermark = await ledger.watermarks.commit(
      epochHolder(place.sync, place.epoch),
      place.segment,
      definition.options.digest_rows,
    );
    if (parseDuration(definition.options.keep_rows) === 0) await new SegmentFiles(staging, place).remove();
    return watermark;
  };
}
