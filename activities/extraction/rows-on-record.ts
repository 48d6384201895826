/**
 * The delivered rows of the stretch before the watermark, merge-joined with the reading: only the digests of the
 * instants that are being read lie in memory, however long the stretch.
 */
import { DIGEST_BYTES } from '../rows/row-page.ts';
import type { LookbackChunk } from '../../store/lookback.ts';
import { DigestMultiset } from '../rows/digest-multiset.ts';

/** Chunks are asked for in groups of this many. */
const CHUNKS = 64;
/** The set is made anew from the chunks that still matter once so many rows of others lie in it. */
const OUTLIVED_ROWS = 200_000;

type Cursor = { readonly first: string; readonly id: number } | undefined;

export class RowsOnRecord {
  readonly #next: (after: Cursor, limit: number) => Promise<readonly LookbackChunk[]>;
  #waiting: LookbackChunk[] = [];
  #cursor: Cursor;
  #isRead = false;
  #loaded: LookbackChunk[] = [];
  #rows = new DigestMultiset();

  /** @param next the next chunks in the order of their begin, after a cursor */
  constructor(next: (after: Cursor, limit: number) => Promise<readonly LookbackChunk[]>) {
    this.#next = next;
  }

  /** Makes the rows of an instant known; instants are reached in order. */
  async reach(updatedAt: string): Promise<void> {
    for (;;) {
      const [chunk] = this.#waiting;
      if (!chunk) {
        if (this.#isRead) break;
        await this.#fill();
        continue;
      }
      if (chunk.first > updatedAt) break;
      this.#waiting.shift();
      this.#loaded.push(chunk);
      for (let offset = 0; offset < chunk.digests.length; offset += DIGEST_BYTES)
        this.#rows.add(chunk.digests, offset);
    }
    this.#forgetBefore(updatedAt);
  }

  /** Takes a row out. @returns whether it was there */
  take(digest: Buffer): boolean {
    return this.#rows.take(digest);
  }

  async #fill(): Promise<void> {
    this.#waiting = [...(await this.#next(this.#cursor, CHUNKS))];
    this.#isRead = this.#waiting.length < CHUNKS;
    const last = this.#waiting.at(-1);
    if (last) this.#cursor = { first: last.first, id: last.id };
  }

  /** Rows of earlier instants are never met again, so nothing is lost when their chunks go. */
  #forgetBefore(updatedAt: string): void {
    const living = this.#loaded.filter(({ last }) => last >= updatedAt);
    const rowsOf = (chunks: readonly LookbackChunk[]): number =>
      chunks.reduce((sum, { digests }) => sum + digests.length / DIGEST_BYTES, 0);
    if (rowsOf(this.#loaded) - rowsOf(living) < OUTLIVED_ROWS) return;
    this.#loaded = living;
    this.#rows = DigestMultiset.of(living.map(({ digests }) => digests));
  }
}
