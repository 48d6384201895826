/** The staged files of a segment, as extraction, validation and upload hand them on. */
import type { BatchSummary } from '../braze/batch-pages.ts';
import { segmentFolder } from '../staging/staging.ts';
import type { Staging } from '../staging/staging.ts';
import type { RejectedIndex } from '../validation/validate-page.ts';

/** Which segment of which run, under which epoch. */
export interface SegmentPlace {
  readonly sync: string;
  readonly run: string;
  readonly epoch: number;
  readonly segment: number;
}

/** A segment whose pages are staged, with the attempt of the extraction that made them. */
export interface StagedSegment extends SegmentPlace {
  readonly attempt: number;
}

/** What validation found in one page. */
export interface PageIndex {
  readonly batches: readonly BatchSummary[];
  readonly rejected: readonly RejectedIndex[];
}

/** The end of a segment: what its commit makes of the watermark. */
export interface SegmentTail {
  readonly value: string;
  /** Digests of every row handled at that instant. */
  readonly digests: Buffer;
}

/** Reads and writes the files of one segment. */
export class SegmentFiles {
  readonly #staging: Staging;
  readonly #folder: string;

  constructor(staging: Staging, place: StagedSegment) {
    this.#staging = staging;
    this.#folder = segmentFolder(place, place.attempt);
  }

  writeRows(page: number, bytes: Buffer): Promise<void> {
    return this.#staging.write(`${this.#folder}/${page}.rows`, bytes);
  }

  readRows(page: number): Promise<Buffer> {
    return this.#staging.read(`${this.#folder}/${page}.rows`);
  }

  async writeBatches(page: number, index: PageIndex, records: Buffer): Promise<void> {
    await this.#staging.write(`${this.#folder}/${page}.batches`, records);
    await this.#staging.write(`${this.#folder}/${page}.index`, Buffer.from(JSON.stringify(index)));
  }

  async readIndex(page: number): Promise<PageIndex> {
    return JSON.parse((await this.#staging.read(`${this.#folder}/${page}.index`)).toString()) as PageIndex;
  }

  readBatches(page: number): Promise<Buffer> {
    return this.#staging.read(`${this.#folder}/${page}.batches`);
  }

  async writeTail(tail: SegmentTail): Promise<void> {
    await this.#staging.write(
      `${this.#folder}/tail`,
      Buffer.concat([Buffer.from(`${tail.value}\n`), tail.digests]),
    );
  }

  async readTail(): Promise<SegmentTail> {
    const bytes = await this.#staging.read(`${this.#folder}/tail`);
    const end = bytes.indexOf(10);
    return { value: bytes.toString('utf8', 0, end), digests: bytes.subarray(end + 1) };
  }

  remove(): Promise<void> {
    return this.#staging.remove(this.#folder);
  }
}
