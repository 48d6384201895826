/** The staged files of a segment, as extraction, validation and upload hand them on. */
import type { BatchSummary } from '../braze/batch-pages.ts';
import { segmentFolder } from '../staging/staging.ts';
import type { Staging } from '../staging/staging.ts';
import type { SegmentTail, TailHead } from '../../store/segment-tail.ts';
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
  /** Late rows of which newer ones left nothing to send. */
  readonly superseded: readonly number[];
}

const NEW_LINE = 10;

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

  async writeTail({ head, digests, taken, fresh }: SegmentTail): Promise<void> {
    const lengths = [digests.length, taken.length];
    const line = Buffer.from(`${JSON.stringify({ head, lengths })}\n`);
    await this.#staging.write(`${this.#folder}/tail`, Buffer.concat([line, digests, taken, fresh]));
  }

  async readTail(): Promise<SegmentTail> {
    const bytes = await this.#staging.read(`${this.#folder}/tail`);
    const end = bytes.indexOf(NEW_LINE) + 1;
    const { head, lengths } = JSON.parse(bytes.toString('utf8', 0, end)) as {
      head: TailHead;
      lengths: [number, number];
    };
    const [digests, taken] = lengths;
    return {
      head,
      digests: bytes.subarray(end, end + digests),
      taken: bytes.subarray(end + digests, end + digests + taken),
      fresh: bytes.subarray(end + digests + taken),
    };
  }

  /** Rows that stand above the late ones of a page: newer rows of the same users. */
  writeNewer(page: number, bytes: Buffer): Promise<void> {
    return this.#staging.write(`${this.#folder}/${page}.newer`, bytes);
  }

  readNewer(page: number): Promise<Buffer> {
    return this.#staging.read(`${this.#folder}/${page}.newer`);
  }

  remove(): Promise<void> {
    return this.#staging.remove(this.#folder);
  }
}
