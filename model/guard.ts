/** Guards: how much a run may send before a person has to agree. Pure. */
import { CdiError } from './errors.ts';

/** No run sends more rows than this, approved or not. */
export const ROWS_CEILING = 500_000_000;

/** How much a run would send, or may send. */
export interface RunSize {
  readonly rows: number;
  /** Rows that delete a user or a catalog item. */
  readonly deletes: number;
}

const grouped = (value: number): string => value.toString().replaceAll(/\B(?=(\d{3})+$)/g, ',');

/** The question that a held run asks, and the answer once it is there. */
export interface HeldRun extends RunSize {
  /** What the run may send unasked. */
  readonly limits: RunSize;
  readonly since: string;
  readonly answer: HeldAnswer | null;
}

export interface HeldAnswer {
  readonly decision: HeldDecision;
  /** Who decided, as far as it is known. */
  readonly by: string;
  readonly at: string;
}

export const HELD_DECISIONS = ['approved', 'rejected'] as const;
export type HeldDecision = (typeof HELD_DECISIONS)[number];

/** @returns the options whose guard a run of this size passes; none where it may go on unasked */
export function guardsPassed(size: RunSize, limits: RunSize): string[] {
  const passed: string[] = [];
  if (size.rows > limits.rows) passed.push('max_rows_per_run');
  if (size.deletes > limits.deletes) passed.push('max_deletes_per_run');
  return passed;
}

/** What a source counts at the watermark's own instant, and after it up to the upper bound. */
export interface SourceCounts {
  readonly rowsAt: number;
  readonly rowsAfter: number;
  readonly deletesAt: number;
  readonly deletesAfter: number;
}

/** How many of those rows the ledger knows to be handled. */
export interface HandledCounts {
  readonly at: number;
  readonly after: number;
}

/**
 * How much of it is new. Which of the handled rows were deletes is not known, so their number is an upper bound:
 * as many as there are, but no more than new rows.
 *
 * @throws CdiError `limit_exceeded` where no run may send so many, whatever anybody approves
 */
export function newRows(source: SourceCounts, handled: HandledCounts): RunSize {
  const at = Math.max(0, source.rowsAt - handled.at);
  const after = Math.max(0, source.rowsAfter - handled.after);
  if (at + after > ROWS_CEILING)
    throw new CdiError('limit_exceeded', `More than ${grouped(ROWS_CEILING)} new rows are waiting.`);
  return {
    rows: at + after,
    deletes: Math.min(at, source.deletesAt) + Math.min(after, source.deletesAfter),
  };
}

/** The question in words: what the run would do, and which guard it passes. */
export function heldQuestion(held: RunSize & { readonly limits: RunSize }): string {
  const guards = guardsPassed(held, held.limits).map((guard) =>
    guard === 'max_rows_per_run'
      ? `max_rows_per_run is ${grouped(held.limits.rows)}`
      : `max_deletes_per_run is ${grouped(held.limits.deletes)}`,
  );
  const deletes = held.deletes > 0 ? `, ${grouped(held.deletes)} of them deletes` : '';
  return `It would send ${grouped(held.rows)} rows${deletes}; ${guards.join(', and ')}.`;
}
