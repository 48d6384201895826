/**
 * A row in the form of a page, as a slice of some buffer: from the wire to a page it is copied once, and texts are made
 * only of what somebody asks for.
 */
import type { SourceRow } from '../../model/row.ts';
import { ROW_FIELDS } from './row-fields.ts';

const LENGTH_BYTES = 4;

export class EncodedRow implements SourceRow {
  readonly updatedAt: string;
  readonly bytes: Buffer;
  /** Where its fields begin and end in `bytes`, each a length (i32, big-endian, -1 for null) and UTF-8 bytes. */
  readonly start: number;
  readonly end: number;

  constructor(bytes: Buffer, start: number, end: number) {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    const at = start + LENGTH_BYTES;
    this.updatedAt = bytes.toString('latin1', at, at + Math.max(0, bytes.readInt32BE(start)));
  }

  get externalId(): string | null {
    return this.#text(1);
  }

  get aliasName(): string | null {
    return this.#text(2);
  }

  get aliasLabel(): string | null {
    return this.#text(3);
  }

  get brazeId(): string | null {
    return this.#text(4);
  }

  get email(): string | null {
    return this.#text(5);
  }

  get phone(): string | null {
    return this.#text(6);
  }

  get id(): string | null {
    return this.#text(7);
  }

  get payload(): string | null {
    return this.#text(8);
  }

  get deleted(): boolean | null {
    const text = this.#text(9);
    return text === null ? null : text === 't';
  }

  /** The row as an ordinary object, for whoever writes it down. */
  toJSON(): SourceRow {
    return Object.fromEntries(ROW_FIELDS.map((field) => [field, this[field]])) as unknown as SourceRow;
  }

  #text(field: number): string | null {
    let at = this.start;
    for (let before = 0; before < field; before += 1)
      at += LENGTH_BYTES + Math.max(0, this.bytes.readInt32BE(at));
    const length = this.bytes.readInt32BE(at);
    at += LENGTH_BYTES;
    return length < 0 ? null : this.bytes.toString('utf8', at, at + length);
  }
}
