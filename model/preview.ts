import type { SourceRow } from './row.ts';

/** What the command line shows and then forgets; never part of a workflow's history. */
export interface Preview {
  readonly columns: readonly string[];
  readonly rows: readonly SourceRow[];
  readonly requests: readonly { readonly method: string; readonly path: string; readonly body: string }[];
  readonly rejected: readonly { readonly row: number; readonly code: string; readonly reason: string }[];
  readonly futureRows: number;
  readonly nullRows: number;
  /** Whether UPDATED_AT is the current time, so that no run would find a row behind the clock. */
  readonly movesWithClock: boolean;
}
