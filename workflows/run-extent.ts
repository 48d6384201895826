/**
 * Learns how much a run has to do while it reads, for whoever waits for its end. A run that its first segment cannot
 * hold counts what is left, once; a table that is read whole is measured in parts.
 */
import type { ExtractInput, ExtractedSegment } from '../activities/extract.ts';
import type { Stretch } from '../activities/extraction/stretch.ts';
import type { PlannedParts } from '../activities/plan-parts.ts';
import { FULL_REFRESH } from '../model/full-refresh.ts';
import type { Progress } from './progress.ts';

export class RunExtent {
  readonly #progress: Pick<Progress, 'expects' | 'counted'>;
  #segments = 0;
  #hasCounted = false;
  /** The instant whose parts are expected as they were planned, beside the rows that were read before. */
  #countedByParts: string | undefined;
  #rows = 0;
  #partsPlanned = 0;
  /** Rows of parts that are planned and not read. */
  #partRows = 0;
  #readBefore = 0;

  constructor(progress: Pick<Progress, 'expects' | 'counted'>) {
    this.#progress = progress;
  }

  /** Parts are about to be read. */
  planned(instant: string, { parts, isAll }: PlannedParts): void {
    this.#partsPlanned += parts.length;
    this.#partRows = parts.reduce((sum, { rows }) => sum + rows, 0);
    if (instant === FULL_REFRESH)
      this.#progress.expects({ unit: 'parts', total: this.#partsPlanned, isExact: isAll });
    else if (instant === this.#countedByParts) this.#expectsRows(this.#rows + this.#partRows);
  }

  /**
   * A stretch is about to be read.
   *
   * @param read rows that were read before it
   * @returns from where on its extraction is to count rows, if it is
   */
  asks(stretch: Stretch, read: number): ExtractInput['ahead'] {
    this.#segments += 1;
    this.#readBefore = read + (stretch.kind === 'part' ? this.#partRows : 0);
    if (this.#hasCounted || this.#segments === 1) return undefined;
    const ahead = aheadOf(stretch);
    this.#hasCounted = ahead !== undefined;
    if (ahead && stretch.kind === 'part') this.#countedByParts = stretch.instant;
    return ahead;
  }

  /** The stretch was read. @param read rows that were read by now */
  read(
    stretch: Stretch,
    { rows, skipped, rowsAhead, end, openInstantRows }: ExtractedSegment,
    read: number,
  ): void {
    if (stretch.kind === 'part') this.#partRows = Math.max(0, this.#partRows - rows - skipped);
    if (rowsAhead !== undefined) this.#expectsRows(this.#readBefore + rowsAhead);
    // A plan counts all rows of its parts. Those that are met as handled are in what was read already, or are not new.
    if (stretch.kind === 'part' && stretch.instant === this.#countedByParts)
      this.#expectsRows(this.#rows - skipped);
    if (stretch.kind === 'range' && end && openInstantRows === undefined)
      this.#progress.expects({ unit: 'rows', total: read, isExact: true });
    this.#progress.counted({ read });
  }

  #expectsRows(rows: number): void {
    this.#rows = rows;
    this.#progress.expects({ unit: 'rows', total: rows, isExact: false });
  }
}

function aheadOf(stretch: Stretch): ExtractInput['ahead'] {
  if (stretch.kind === 'range') return { from: stretch.from, inclusive: stretch.inclusive };
  if (stretch.kind === 'part' && stretch.instant !== FULL_REFRESH)
    return { from: stretch.instant, inclusive: false };
  return undefined;
}
