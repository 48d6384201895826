/** Collects the new rows of a segment into pages, and what its commit has to know of the rows that were met. */
import type { SourceRow } from '../../model/row.ts';
import type { TimeStretch } from '../../store/segment-tail.ts';
import { DigestList } from '../rows/digest-list.ts';
import type { DigestMultiset } from '../rows/digest-multiset.ts';
import { RowPageWriter } from '../rows/row-page.ts';
import type { HandledRows } from './handled-rows.ts';

export interface PageLimits {
  readonly pageRows: number;
  readonly pageBytes: number;
}

export interface SegmentOutput {
  readonly writePage: (page: number, bytes: Buffer) => Promise<void>;
  /** Called as pages are written. */
  readonly progress: (counts: { rowsRead: number; pages: number }) => void;
}

export interface SegmentRowsOptions extends PageLimits {
  /** Whether a digest stands for the whole row, or leaves its timestamp out. */
  readonly digest: 'row' | 'content';
  /** Whether the digests of all rows that are met are kept. */
  readonly keepMet: boolean;
  /** Whether the digests of all handled rows are kept, with their stretches of time. */
  readonly keepFresh: boolean;
}

/** Rows of one stretch on record; small, so that reading it again needs little memory. */
const STRETCH_ROWS = 4_096;

export class SegmentRows {
  readonly #limits: PageLimits;
  readonly #output: SegmentOutput;
  readonly #handled: HandledRows;
  readonly #page: RowPageWriter;
  readonly #keepMet: boolean;
  readonly #fresh: FreshDigests | undefined;
  readonly #pages: number[] = [];
  #bytes = 0;
  /** New rows, and rows that were met but are handled already. */
  rows = 0;
  skipped = 0;
  /** New rows that carry DELETED. */
  deletes = 0;
  /** The last instant that was met; null where no row was. */
  last: string | null = null;
  /** Of the rows met at the instant `last`, and of the new ones among them. */
  readonly atLast = new DigestList();
  readonly newAtLast = new DigestList();
  /** Of all rows that were met. */
  readonly met = new DigestList();
  /** Of those that were known where the reading expects them. */
  readonly expected = new DigestList();
  /** Of those that were known from elsewhere than where the reading expects them. */
  readonly known = new DigestList();

  constructor(options: SegmentRowsOptions, handled: HandledRows, output: SegmentOutput) {
    this.#limits = options;
    this.#output = output;
    this.#handled = handled;
    this.#page = new RowPageWriter({ digest: options.digest });
    this.#keepMet = options.keepMet;
    this.#fresh = options.keepFresh ? new FreshDigests() : undefined;
  }

  get pages(): readonly number[] {
    return this.#pages;
  }

  get bytes(): number {
    return this.#bytes + this.#page.bytes;
  }

  /** Stretches and digests of all rows handled here; undefined where they are not kept. */
  get fresh(): { stretches: readonly TimeStretch[]; digests: Buffer } | undefined {
    return this.#fresh?.finish();
  }

  /**
   * Takes rows in.
   *
   * @param seen rows that an earlier query of this segment brought already; they are taken out as they are met
   */
  async add(group: readonly SourceRow[], seen?: DigestMultiset): Promise<void> {
    for (const row of group) {
      if (row.updatedAt !== this.last) {
        if (this.#handled.reach) await this.#handled.reach(row.updatedAt);
        this.last = row.updatedAt;
        this.atLast.clear();
        this.newAtLast.clear();
      }
      this.#take(row, seen);
      if (this.#page.rows >= this.#limits.pageRows || this.#page.bytes >= this.#limits.pageBytes)
        await this.turnPage();
    }
  }

  /** Writes the rows that are not written yet. */
  async turnPage(): Promise<void> {
    if (this.#page.rows === 0) return;
    this.#pages.push(this.#page.rows);
    this.#bytes += this.#page.bytes;
    await this.#output.writePage(this.#pages.length - 1, this.#page.finish());
    this.#output.progress({ rowsRead: this.rows, pages: this.#pages.length });
  }

  #take(row: SourceRow, seen?: DigestMultiset): void {
    const digest = this.#page.add(row);
    if (seen?.take(digest)) {
      this.#page.undo();
      return;
    }
    this.atLast.add(digest);
    if (this.#keepMet) this.met.add(digest);
    const handled = this.#handled.take(digest, row.updatedAt);
    if (!handled?.recorded) this.#fresh?.add(digest, row.updatedAt);
    if (handled === undefined) {
      this.newAtLast.add(digest);
      this.rows += 1;
      if (row.deleted === true) this.deletes += 1;
      return;
    }
    if (handled.fromElsewhere) this.known.add(digest);
    else if (this.#keepMet) this.expected.add(digest);
    this.#page.undo();
    this.skipped += 1;
  }
}

class FreshDigests {
  readonly #digests = new DigestList();
  readonly #stretches: { first: string; last: string; rows: number }[] = [];

  add(digest: Buffer, updatedAt: string): void {
    this.#digests.add(digest);
    const stretch = this.#stretches.at(-1);
    if (stretch && stretch.rows < STRETCH_ROWS) {
      stretch.last = updatedAt;
      stretch.rows += 1;
    } else this.#stretches.push({ first: updatedAt, last: updatedAt, rows: 1 });
  }

  finish(): { stretches: readonly TimeStretch[]; digests: Buffer } {
    return { stretches: this.#stretches, digests: this.#digests.bytes };
  }
}
