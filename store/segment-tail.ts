/** What is known at the end of a segment, and what its commit makes of the ledger. */

/** A stretch of UPDATED_AT with the number of its rows. */
export interface TimeStretch {
  readonly first: string;
  readonly last: string;
  readonly rows: number;
}

/** The part that fits a line of JSON. */
export interface TailHead {
  /**
   * - `whole`: everything up to and at `value` was read; `digests` are those of all rows met at it.
   * - `open`: the segment ended within the instant `value`; `digests` are those of the new rows at it.
   * - `part`: one share of an instant was read; `digests` are those of all its rows, `taken` those that were known
   *   from elsewhere.
   * - `late`: rows before the watermark, which stays where it is.
   */
  readonly kind: 'whole' | 'open' | 'part' | 'late';
  /** Where the watermark goes; null: it stays. */
  readonly value: string | null;
  readonly part?: {
    readonly instant: string;
    readonly low: string;
    readonly high: string;
    readonly rows: number;
  };
  /** With `lookback`: the stretches of the digests in `fresh`, in order. */
  readonly fresh?: readonly TimeStretch[];
}

export interface SegmentTail {
  readonly head: TailHead;
  readonly digests: Buffer;
  readonly taken: Buffer;
  /** Digests of every row that this segment handled, in the order of UPDATED_AT; empty without `lookback`. */
  readonly fresh: Buffer;
}

const EMPTY = Buffer.alloc(0);

export function segmentTail(head: TailHead, buffers: Partial<Omit<SegmentTail, 'head'>> = {}): SegmentTail {
  return { head, digests: EMPTY, taken: EMPTY, fresh: EMPTY, ...buffers };
}
