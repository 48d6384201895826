/**
 * The form in which rows lie in staging: one buffer per page, built and read without an object tree.
 *
 * A page is: number of rows (u32), then per row its digest (16 bytes) and its fields, each as a length (i32,
 * big-endian, -1 for null) and UTF-8 bytes, as in a DataRow message of PostgreSQL. The digest is taken over the fields as
 * encoded here, so this form must never change for the digests in the ledger to stay true.
 */
import { hash } from 'node:crypto';
import type { SourceRow } from '../../model/row.ts';
import { EncodedRow } from './encoded-row.ts';
import { ROW_FIELDS } from './row-fields.ts';

export const DIGEST_BYTES = 16;
const HEADER_BYTES = 4;
const INITIAL_BYTES = 1 << 20;
const LENGTH_BYTES = 4;

const FIELDS = ROW_FIELDS.length;

/** What a digest covers: the whole row, or everything but UPDATED_AT. */
export type DigestOf = 'row' | 'content';

/** Collects the rows of one page. */
export class RowPageWriter {
  readonly #digestOf: DigestOf;
  #buffer: Buffer;
  #position = HEADER_BYTES;
  #rowStart = HEADER_BYTES;
  #rows = 0;

  constructor(options: { readonly digest?: DigestOf; readonly initialBytes?: number } = {}) {
    this.#digestOf = options.digest ?? 'row';
    this.#buffer = Buffer.allocUnsafe(options.initialBytes ?? INITIAL_BYTES);
  }

  get rows(): number {
    return this.#rows;
  }

  get bytes(): number {
    return this.#position;
  }

  /**
   * Appends a row.
   *
   * @returns its digest, a view that is valid until the next call
   */
  add(row: SourceRow): Buffer {
    this.#reserve(DIGEST_BYTES);
    this.#rowStart = this.#position;
    this.#position += DIGEST_BYTES;
    let digested = this.#position;
    if (row instanceof EncodedRow) this.#encoded(row);
    else this.#fields(row);
    if (this.#digestOf === 'content')
      digested += LENGTH_BYTES + Math.max(0, this.#buffer.readInt32BE(digested));
    // A text of one character per byte is had at half the cost of a buffer.
    const digest = hash('sha256', this.#buffer.subarray(digested, this.#position), 'binary');
    this.#buffer.write(digest, this.#rowStart, DIGEST_BYTES, 'latin1');
    this.#rows += 1;
    return this.#buffer.subarray(this.#rowStart, this.#rowStart + DIGEST_BYTES);
  }

  /** Takes the last row out again. */
  undo(): void {
    this.#position = this.#rowStart;
    this.#rows -= 1;
  }

  /** @returns the page; the writer is empty afterwards and its memory is used again, so the page must be stored first */
  finish(): Buffer {
    this.#buffer.writeUInt32LE(this.#rows, 0);
    const page = this.#buffer.subarray(0, this.#position);
    this.#position = HEADER_BYTES;
    this.#rows = 0;
    return page;
  }

  #encoded({ bytes, start, end }: EncodedRow): void {
    this.#reserve(end - start);
    this.#position += bytes.copy(this.#buffer, this.#position, start, end);
  }

  #fields(row: SourceRow): void {
    this.#field(row.updatedAt);
    this.#field(row.externalId);
    this.#field(row.aliasName);
    this.#field(row.aliasLabel);
    this.#field(row.brazeId);
    this.#field(row.email);
    this.#field(row.phone);
    this.#field(row.id);
    this.#field(row.payload);
    this.#field(row.deleted === null ? null : row.deleted ? 't' : 'f');
  }

  #field(value: string | null): void {
    this.#reserve(LENGTH_BYTES + (value === null ? 0 : value.length * 3));
    if (value === null) {
      this.#buffer.writeInt32BE(-1, this.#position);
      this.#position += LENGTH_BYTES;
      return;
    }
    const written = this.#buffer.write(value, this.#position + LENGTH_BYTES, 'utf8');
    this.#buffer.writeInt32BE(written, this.#position);
    this.#position += LENGTH_BYTES + written;
  }

  #reserve(needed: number): void {
    if (this.#position + needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#position + needed));
    this.#buffer.copy(larger, 0, 0, this.#position);
    this.#buffer = larger;
  }
}

/** Reads a page that `RowPageWriter` made. */
export class RowPage {
  readonly #buffer: Buffer;
  readonly #offsets: Uint32Array;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
    const rows = buffer.readUInt32LE(0);
    this.#offsets = new Uint32Array(rows);
    let position = HEADER_BYTES;
    for (let index = 0; index < rows; index += 1) {
      this.#offsets[index] = position;
      position += DIGEST_BYTES;
      for (let field = 0; field < FIELDS; field += 1) {
        const length = buffer.readInt32BE(position);
        position += LENGTH_BYTES + Math.max(0, length);
      }
    }
  }

  get rows(): number {
    return this.#offsets.length;
  }

  /** The digest of a row, as a view into the page. */
  digest(index: number): Buffer {
    const start = this.#offset(index);
    return this.#buffer.subarray(start, start + DIGEST_BYTES);
  }

  copyDigest(index: number, target: Buffer, at: number): void {
    const start = this.#offset(index);
    this.#buffer.copy(target, at, start, start + DIGEST_BYTES);
  }

  /** UPDATED_AT of a row, without reading the rest of it. */
  updatedAt(index: number): string {
    const start = this.#offset(index) + DIGEST_BYTES;
    const length = this.#buffer.readInt32BE(start);
    return this.#buffer.toString('latin1', start + LENGTH_BYTES, start + LENGTH_BYTES + Math.max(0, length));
  }

  /** The bytes of the page, into which the places of fields point. */
  get bytes(): Buffer {
    return this.#buffer;
  }

  /**
   * Where the fields of a row lie.
   *
   * @param starts @param ends are filled, one number per field in the order of `ROW_FIELDS`; a null field ends before it starts
   */
  locate(index: number, starts: Int32Array, ends: Int32Array): void {
    let position = this.#offset(index) + DIGEST_BYTES;
    for (let field = 0; field < FIELDS; field += 1) {
      const length = this.#buffer.readInt32BE(position);
      position += LENGTH_BYTES;
      starts[field] = position;
      ends[field] = position + length;
      if (length > 0) position += length;
    }
  }

  row(index: number): SourceRow {
    let position = this.#offset(index) + DIGEST_BYTES;
    const field = (): string | null => {
      const length = this.#buffer.readInt32BE(position);
      position += LENGTH_BYTES;
      if (length < 0) return null;
      const value = this.#buffer.toString('utf8', position, position + length);
      position += length;
      return value;
    };
    const updatedAt = field() ?? '';
    const externalId = field();
    const aliasName = field();
    const aliasLabel = field();
    const brazeId = field();
    const email = field();
    const phone = field();
    const id = field();
    const payload = field();
    const deleted = field();
    return {
      updatedAt,
      externalId,
      aliasName,
      aliasLabel,
      brazeId,
      email,
      phone,
      id,
      payload,
      deleted: deleted === null ? null : deleted === 't',
    };
  }

  #offset(index: number): number {
    const offset = this.#offsets[index];
    if (offset === undefined) throw new RangeError(`The page has no row ${index}.`);
    return offset;
  }
}
