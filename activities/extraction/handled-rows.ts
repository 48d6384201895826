/** Which rows are handled already. A row that is met is taken out, so that identical rows are kept apart. */
import type { ConfirmedGroup } from '../../store/uploads.ts';
import { DigestMultiset } from '../rows/digest-multiset.ts';

export interface Handled {
  /** Whether it is known by more than where the reading expects it: a dead run confirmed it, or read the instant in part. */
  readonly fromElsewhere: boolean;
  /** Whether it is among the rows of the lookback already, where there is one. */
  readonly recorded: boolean;
}

const EXPECTED: Handled = { fromElsewhere: false, recorded: true };
const ELSEWHERE: Handled = { fromElsewhere: true, recorded: true };
const CONFIRMED: Handled = { fromElsewhere: true, recorded: false };

export interface HandledRows {
  /** Called once for each instant that is met, in order, before its rows are looked up. */
  readonly reach?: (updatedAt: string) => Promise<void>;
  /** @returns undefined where the row is new */
  take(digest: Buffer, updatedAt: string): Handled | undefined;
}

/** Rows that dead runs confirmed. */
export class ConfirmedRows {
  readonly #recorded: DigestMultiset;
  readonly #others: DigestMultiset;

  constructor(groups: readonly ConfirmedGroup[]) {
    const of = (recorded: boolean): DigestMultiset =>
      DigestMultiset.of(groups.filter((group) => group.recorded === recorded).map(({ digests }) => digests));
    this.#recorded = of(true);
    this.#others = of(false);
  }

  take(digest: Buffer): Handled | undefined {
    if (this.#others.take(digest)) return CONFIRMED;
    return this.#recorded.take(digest) ? ELSEWHERE : undefined;
  }
}

/** For reading on from the watermark, whose own instant is known row by row. */
export function handledFrom(
  from: string | null,
  known: { committedAtFrom: DigestMultiset; confirmedAtFrom: ConfirmedRows; confirmedBeyond: ConfirmedRows },
): HandledRows {
  return {
    take(digest, updatedAt) {
      if (updatedAt !== from) return known.confirmedBeyond.take(digest);
      return known.committedAtFrom.take(digest) ? EXPECTED : known.confirmedAtFrom.take(digest);
    },
  };
}

/**
 * For one share of an instant.
 *
 * @param part what is known of the share
 * @param instant what is known of the instant beside its shares
 */
export function handledInPart(
  part: DigestMultiset,
  instant: DigestMultiset,
  confirmed: ConfirmedRows,
): HandledRows {
  return {
    take(digest) {
      if (part.take(digest)) return EXPECTED;
      return instant.take(digest) ? ELSEWHERE : confirmed.take(digest);
    },
  };
}

/** For rows before the watermark. @param committed those on record, as far as the reading has come */
export function handledOnRecord(
  committed: { reach: (updatedAt: string) => Promise<void>; take: (digest: Buffer) => boolean },
  confirmed: ConfirmedRows,
): HandledRows {
  return {
    reach: (updatedAt) => committed.reach(updatedAt),
    take: (digest) => (committed.take(digest) ? EXPECTED : confirmed.take(digest)),
  };
}
