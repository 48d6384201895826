/** Where pages lie between activities. Workflow history carries only their references. */
export interface Staging {
  /**
   * Stores bytes under a reference such as `sync/run/3/page-1.rows`, encrypted; storing again replaces.
   *
   * @throws CdiError `staging_full`
   */
  write(reference: string, bytes: Uint8Array): Promise<void>;
  /** @throws CdiError `staging_lost` where nothing readable lies there */
  read(reference: string): Promise<Buffer>;
  /** Deletes everything under a prefix; nothing there is no error. */
  remove(prefix: string): Promise<void>;
  /** Folders of runs whose last change lies at least this far back. */
  idleRuns(olderThanMs: number): Promise<{ sync: string; run: string; idleMs: number }[]>;
}

export const runFolder = (sync: string, run: string): string => `${sync}/${run}`;

/** @param epoch part of the name, so that an older run's stray activity cannot write over a newer one's pages */
export const segmentFolder = (sync: string, run: string, epoch: number, segment: number): string =>
  `${runFolder(sync, run)}/${epoch}-${segment}`;
