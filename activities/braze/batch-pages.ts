/**
 * Batches as they lie in staging: ready request bodies, and which rows each object stands for.
 *
 * One record per batch: counts; per object its length within the body, the number of its user and its number of rows;
 * the rows of the page and their digests; the body; and for merged objects the text of each of their rows.
 */
import type { RequestKind } from '../../model/composed-object.ts';
import { DIGEST_BYTES } from '../rows/row-page.ts';

/** What is known of a batch without reading it. */
export interface BatchSummary {
  readonly kind: RequestKind;
  readonly objects: number;
  readonly rows: number;
  readonly firstUpdatedAt: string;
  readonly lastUpdatedAt: string;
  /** Where its record lies in the page's file. */
  readonly offset: number;
  readonly length: number;
}

/** An object that is about to be packed. */
export interface PackedObject {
  /** Where its text lies among the texts of the page. */
  readonly start: number;
  readonly end: number;
  /** Equal for equal users. */
  readonly user: number;
  /** Rows of the page that it stands for, in order. */
  readonly rows: readonly number[];
  /** For a merged object: what each of its rows would be alone. */
  readonly alone?: readonly string[];
}

const U32 = 4;
const HEAD_BYTES = U32 * 4;
const OBJECT_BYTES = U32 * 3;
const ROW_BYTES = U32 + DIGEST_BYTES;
const COMMA = 0x2c;

type CopyDigest = (row: number, target: Buffer, at: number) => void;

/** Encodes the batches of a page; its memory is used again for the next one. */
export class BatchPageWriter {
  #texts: Buffer = Buffer.alloc(0);
  #copyDigest: CopyDigest = () => undefined;
  #buffer: Buffer = Buffer.allocUnsafe(1 << 20);
  #length = 0;

  /**
   * Begins a page; what was written before must be stored by now.
   *
   * @param texts what the places of objects point into
   * @param copyDigest copies the digest of a row
   */
  begin(texts: Buffer, copyDigest: CopyDigest): void {
    this.#texts = texts;
    this.#copyDigest = copyDigest;
    this.#length = 0;
  }

  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Appends a batch. @returns where its record lies */
  add(
    wrapping: { open: string; close: string },
    objects: readonly PackedObject[],
  ): { offset: number; length: number } {
    const offset = this.#length;
    const open = Buffer.from(wrapping.open);
    const close = Buffer.from(wrapping.close);
    let rows = 0;
    let bodyBytes = open.length + close.length + Math.max(0, objects.length - 1);
    let merged: (readonly [number, readonly string[]])[] | undefined;
    for (const [index, object] of objects.entries()) {
      rows += object.rows.length;
      bodyBytes += object.end - object.start;
      if (object.alone) (merged ??= []).push([index, object.alone]);
    }
    const alone = Buffer.from(merged ? JSON.stringify(merged) : '');
    const length = HEAD_BYTES + objects.length * OBJECT_BYTES + rows * ROW_BYTES + bodyBytes + alone.length;
    const record = this.#room(length);

    let position = record.writeUInt32LE(objects.length, 0);
    position = record.writeUInt32LE(rows, position);
    position = record.writeUInt32LE(bodyBytes, position);
    position = record.writeUInt32LE(open.length, position);
    for (const object of objects) {
      position = record.writeUInt32LE(object.end - object.start, position);
      position = record.writeUInt32LE(object.user, position);
      position = record.writeUInt32LE(object.rows.length, position);
    }
    for (const object of objects) {
      for (const row of object.rows) position = record.writeUInt32LE(row, position);
    }
    for (const object of objects) {
      for (const row of object.rows) {
        this.#copyDigest(row, record, position);
        position += DIGEST_BYTES;
      }
    }
    position += open.copy(record, position);
    for (const [index, object] of objects.entries()) {
      if (index > 0) position = record.writeUInt8(COMMA, position);
      position += this.#texts.copy(record, position, object.start, object.end);
    }
    position += close.copy(record, position);
    alone.copy(record, position);
    return { offset, length };
  }

  #room(bytes: number): Buffer {
    if (this.#length + bytes > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + bytes));
      this.#buffer.copy(larger, 0, 0, this.#length);
      this.#buffer = larger;
    }
    this.#length += bytes;
    return this.#buffer.subarray(this.#length - bytes, this.#length);
  }
}

/** One batch as staged. Only body, users and digests are needed as long as Braze takes everything. */
export class StagedBatch {
  readonly kind: RequestKind;
  readonly objects: number;
  readonly #record: Buffer;
  readonly #rows: number;
  readonly #bodyBytes: number;
  readonly #openBytes: number;

  constructor(kind: RequestKind, record: Buffer) {
    this.kind = kind;
    this.#record = record;
    this.objects = record.readUInt32LE(0);
    this.#rows = record.readUInt32LE(U32);
    this.#bodyBytes = record.readUInt32LE(U32 * 2);
    this.#openBytes = record.readUInt32LE(U32 * 3);
  }

  /** The whole body, wrapping included. */
  get body(): Buffer {
    return this.#record.subarray(this.#bodyAt, this.#bodyAt + this.#bodyBytes);
  }

  /** Digests of all rows, in the order of `rows()`. */
  get digests(): Buffer {
    const start = this.#rowsAt + this.#rows * U32;
    return this.#record.subarray(start, start + this.#rows * DIGEST_BYTES);
  }

  /** Numbers of the users, per object. */
  users(): number[] {
    return this.#column(1);
  }

  /** The text of each object. */
  texts(): Buffer[] {
    let start = this.#bodyAt + this.#openBytes;
    return this.#column(0).map((length) => {
      const text = this.#record.subarray(start, start + length);
      start += length + 1;
      return text;
    });
  }

  /** Rows of the page, per object. */
  rows(): number[][] {
    let position = this.#rowsAt;
    return this.#column(2).map((count) =>
      Array.from({ length: count }, () => {
        const row = this.#record.readUInt32LE(position);
        position += U32;
        return row;
      }),
    );
  }

  /** Texts of the single rows of merged objects, by object. */
  alone(): Map<number, string[]> {
    const rest = this.#record.subarray(this.#bodyAt + this.#bodyBytes);
    return new Map(rest.length === 0 ? [] : (JSON.parse(rest.toString()) as [number, string[]][]));
  }

  get #rowsAt(): number {
    return HEAD_BYTES + this.objects * OBJECT_BYTES;
  }

  get #bodyAt(): number {
    return this.#rowsAt + this.#rows * ROW_BYTES;
  }

  #column(column: number): number[] {
    const values: number[] = [];
    let position = HEAD_BYTES + column * U32;
    for (let object = 0; object < this.objects; object += 1, position += OBJECT_BYTES)
      values.push(this.#record.readUInt32LE(position));
    return values;
  }
}
