/**
 * Reconciliation: what the ledger knows of the rows behind a watermark, to be held against what the table holds. Pure.
 *
 * The ledger counts rows per run, and a run covers the stretch of UPDATED_AT from the watermark it found to the one it
 * left. So a window begins and ends where runs did. Nothing tells an updated row, which counts again where it is now,
 * from one that was deleted: both are missing in the table. Rows that the table has too many were never read.
 */

/** What a run did, as far as it matters here. */
export interface RunDelivery {
  /** Null: from the beginning. */
  readonly before: string | null;
  readonly after: string | null;
  readonly sent: number;
  readonly rejected: number;
  /** Whether it ended well, so that it handled nothing beyond `after`. */
  readonly isWhole: boolean;
}

/** Consecutive runs, and the stretch of UPDATED_AT that they handled. */
export interface HandledWindow {
  /** Null: from the beginning. */
  readonly from: string | null;
  /** Whether rows at `from` itself belong to it. */
  readonly inclusive: boolean;
  readonly to: string;
  readonly sent: number;
  readonly rejected: number;
  /** Whether it ends at the watermark: what was confirmed beyond it is still to be taken off. */
  readonly endsAtWatermark: boolean;
}

interface Chain {
  readonly from: string | null;
  readonly inclusive: boolean;
  readonly runs: (RunDelivery & { readonly after: string })[];
}

/**
 * @param runs oldest first; retries and runs that read nothing left out
 * @param watermark where the sync stands
 * @param window UPDATED_AT that is of interest; it is widened to where runs began and ended
 * @returns undefined where no run since the last rewind is on record
 */
export function handledWindow(
  runs: readonly RunDelivery[],
  watermark: string,
  window: { readonly from: string | null; readonly to: string | null },
): HandledWindow | undefined {
  const chain = latestChain(runs);
  if (!chain || chain.runs.at(-1)?.after !== watermark) return undefined;
  let first = 0;
  let last = chain.runs.length - 1;
  chain.runs.forEach(({ after, isWhole }, index) => {
    if (isWhole && window.from !== null && after <= window.from && index < last) first = index + 1;
  });
  for (let index = last; index >= first; index -= 1) {
    const run = chain.runs[index];
    if (window.to !== null && run?.isWhole && run.after >= window.to) last = index;
  }
  const covered = chain.runs.slice(first, last + 1);
  const begin = first === 0 ? chain : { from: chain.runs[first - 1]?.after ?? null, inclusive: false };
  return {
    from: begin.from,
    inclusive: begin.inclusive,
    to: covered.at(-1)?.after ?? watermark,
    sent: sum(covered, 'sent'),
    rejected: sum(covered, 'rejected'),
    endsAtWatermark: last === chain.runs.length - 1,
  };
}

/** A run that begins elsewhere than the one before ended follows a rewind, or runs that are not on record any more. */
function latestChain(runs: readonly RunDelivery[]): Chain | undefined {
  let chain: Chain | undefined;
  for (const [index, run] of runs.entries()) {
    const { before } = run;
    // A run that died left its end to the one that came after it.
    const after = run.after ?? runs[index + 1]?.before;
    if (after == null) continue;
    const end = chain?.runs.at(-1)?.after;
    if (chain && before === end) {
      chain.runs.push({ ...run, after });
      continue;
    }
    // What is read again after a rewind begins with the instant itself. Of the oldest run on record it is not known.
    const rewound = end !== undefined && (before === null || before < end);
    chain = { from: before, inclusive: before === null || rewound, runs: [{ ...run, after }] };
  }
  return chain;
}

const sum = (runs: readonly RunDelivery[], count: 'sent' | 'rejected'): number =>
  runs.reduce((total, run) => total + run[count], 0);

/** What a verification came to. */
export interface Verification {
  /** Undefined where nothing on record can be compared. */
  readonly window:
    | (Omit<HandledWindow, 'endsAtWatermark'> & {
        /** Rows of the window in the table now. */
        readonly inTable: number;
      })
    | undefined;
  /** Where the watermark stands; null: nothing is delivered. */
  readonly watermark: string | null;
  /** Rows beyond the watermark that no request has carried yet. */
  readonly waiting: {
    /** Up to the upper bound: the next run takes them. */
    readonly due: number;
    /** Within the safety lag. */
    readonly recent: number;
    /** With an UPDATED_AT in the future. */
    readonly future: number;
  };
  /** Rows without UPDATED_AT, which are never sent. */
  readonly withoutTimestamp: number;
  /** Rejected rows that a retry may still send. */
  readonly rejectedOnOffer: number;
}

/** How table and ledger differ behind the watermark. */
export interface Difference {
  /** Rows of the table that no run has read, at least. */
  readonly unread: number;
  /** Rows that were handled and are not where they were: updated since, or deleted; at least. */
  readonly gone: number;
}

export function differenceOf({ window }: Pick<Verification, 'window'>): Difference {
  const surplus = window ? window.inTable - window.sent - window.rejected : 0;
  return { unread: Math.max(0, surplus), gone: Math.max(0, -surplus) };
}
