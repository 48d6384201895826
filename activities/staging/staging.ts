/** Where pages lie between activities. Workflow history carries only their references. */
export interface Staging {
  /**
   * Stores bytes under a reference such as `sync/run/3/page-1.rows`, encrypted; storing again replaces.
   *
   * A page appears whole or not at all.
   *
   * @throws CdiError `staging_full`, `staging_unavailable`
   */
  write(reference: string, bytes: Uint8Array): Promise<void>;
  /** @throws CdiError `staging_lost` where nothing readable lies there, `staging_unavailable` */
  read(reference: string): Promise<Buffer>;
  /**
   * Deletes everything under a prefix; nothing there is no error. What a storage that is away keeps for now is deleted
   * later, as the orphan of its run.
   */
  remove(prefix: string): Promise<void>;
  /** Bytes that may still be written; absent where the store does not tell. */
  freeBytes?(): Promise<number>;
  /** Folders of runs whose last change lies at least this far back. */
  idleRuns(olderThanMs: number): Promise<IdleRun[]>;
  /** Closes its connections; it is not used afterwards. */
  close(): void;
}

/** The folder of a run in which nothing changed for some time. */
export interface IdleRun {
  readonly sync: string;
  readonly run: string;
  readonly idleMs: number;
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
