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
  /** Bytes that may still be written; absent where the store does not tell. */
  freeBytes?(): Promise<number>;
  /** Folders of runs whose last change lies at least this far back. */
  idleRuns(olderThanMs: number): Promise<{ sync: string; run: string; idleMs: number }[]>;
}

export const runFolder = (sync: string, run: string): string => `${sync}/${run}`;

/**
 * Epoch and attempt are part of the name, so that neither an older run nor a former attempt that wakes up late can
 * write over the pages that are in use.
 *
 * @param attempt which attempt of the extraction made the pages
 */
export const segmentFolder = (
  place: { sync: string; run: string; epoch: number; segment: number },
  attempt: number,
): string => `${runFolder(place.sync, place.run)}/${place.epoch}-${place.segment}-${attempt}`;
