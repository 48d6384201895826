/**
 * The form in which rows lie in staging: one buffer per page, built and read without an object tree.
 *
 * A page is: number of rows (u32), then per row its digest (16 bytes) and its fields, each as a length (i32, -1
 * for null) and UTF-8 bytes. The digest is taken over the fields as encoded here, so this form must never change
 * for the digests in the ledger to stay true.
 */
import { hash } from 'node:crypto';
import type { SourceRow } from '../../model/row.ts';

export const DIGEST_BYTES = 16;
const HEADER_BYTES = 4;
const LENGTH_BYTES = 4;
const FIELDS = 10;

/** Collects the rows of one page. */
export class RowPageWriter {
  #buffer: Buffer;
  #position = HEADER_BYTES;
  #rowStart = HEADER_BYTES;
  #rows = 0;

  constructor(initialBytes = 1 << 20) {
    this.#buffer = Buffer.allocUnsafe(initialBytes);
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
    this.#rowStart = this.#position;
    this.#position += DIGEST_BYTES;
    this.#field(row.updatedAt);
    this.#field(row.externalId);
    this.#field(row.aliasName);
    this.#field(row.aliasLabel);
    this.#field(row.brazeId);
    this.#field(row.email);
    this.#field(row.phone);
    this.#field(row.id);
    this.#field(row.payload);
    this.#field(row.deleted === null ? null : row.deleted ? '1' : '0');
    const fields = this.#buffer.subarray(this.#rowStart + DIGEST_BYTES, this.#position);
    const digest = hash('sha256', fields, 'buffer');
    digest.copy(this.#buffer, this.#rowStart, 0, DIGEST_BYTES);
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

  #field(value: string | null): void {
    const worst = LENGTH_BYTES + (value === null ? 0 : value.length * 3);
    if (this.#position + worst > this.#buffer.length) this.#grow(worst);
    if (value === null) {
      this.#buffer.writeInt32LE(-1, this.#position);
      this.#position += LENGTH_BYTES;
      return;
    }
    const written = this.#buffer.write(value, this.#position + LENGTH_BYTES, 'utf8');
    this.#buffer.writeInt32LE(written, this.#position);
    this.#position += LENGTH_BYTES + written;
  }

  #grow(needed: number): void {
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
        const length = buffer.readInt32LE(position);
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

  /** UPDATED_AT of a row, without reading the rest of it. */
  updatedAt(index: number): string {
    const start = this.#offset(index) + DIGEST_BYTES;
    const length = this.#buffer.readInt32LE(start);
    return this.#buffer.toString('latin1', start + LENGTH_BYTES, start + LENGTH_BYTES + Math.max(0, length));
  }

  row(index: number): SourceRow {
    let position = this.#offset(index) + DIGEST_BYTES;
    const field = (): string | null => {
      const length = this.#buffer.readInt32LE(position);
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
      deleted: deleted === null ? null : deleted === '1',
    };
  }

  #offset(index: number): number {
    const offset = this.#offsets[index];
    if (offset === undefined) throw new RangeError(`The page has no row ${index}.`);
    return offset;
  }
}
