/** What a person asks of a retry. */
export interface RetryRequest {
  /** Only rows that this run rejected; null: all that are on offer. */
  readonly ofRun: string | null;
  /** As they were when rejected, instead of as they are in the table now. */
  readonly asRejected: boolean;
  /** Whether rows that delete a user or a catalog item may go. */
  readonly deletes: boolean;
  /** Who asked, as far as it is known. */
  readonly by: string;
}

/** Why a rejected row is left alone. */
export const LEFT_REASONS = ['newer', 'gone', 'ambiguous', 'deletes'] as const;
export type LeftReason = (typeof LEFT_REASONS)[number];
export type LeftCounts = Readonly<Record<LeftReason, number>>;

export const NONE_LEFT: LeftCounts = { newer: 0, gone: 0, ambiguous: 0, deletes: 0 };

export function addLeft(a: LeftCounts, b: LeftCounts): LeftCounts {
  return {
    newer: a.newer + b.newer,
    gone: a.gone + b.gone,
    ambiguous: a.ambiguous + b.ambiguous,
    deletes: a.deletes + b.deletes,
  };
}

const LEFT_WORDS: Record<LeftReason, string> = {
  newer: 'something newer of the same user stands in the table, or was found changed by the ordinary runs',
  gone: 'their rows are no longer in the table as they were; --as-rejected sends what was rejected',
  ambiguous: 'several rows of one user share their UPDATED_AT, and which of them was rejected cannot be told',
  deletes: 'they delete; --deletes sends them',
};

/** What a retry left alone, a sentence for each reason. */
export function leftSentences(left: LeftCounts): string[] {
  return LEFT_REASONS.filter((reason) => left[reason] > 0).map(
    (reason) => `${left[reason]} rejected rows were left alone: ${LEFT_WORDS[reason]}.`,
  );
}

/** Where a retry stands: rejected rows go in the order of UPDATED_AT. */
export interface RetryCursor {
  readonly updatedAt: string;
  readonly id: number;
}
