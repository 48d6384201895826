/** Texts one after the other in one growing buffer: where each lies is all that has to be kept of it. */
export class TextArena {
  #buffer: Buffer;
  #length = 0;

  constructor(initialBytes = 1 << 20) {
    this.#buffer = Buffer.allocUnsafe(initialBytes);
  }

  /** Forgets every text; the memory is used again. */
  clear(): void {
    this.#length = 0;
  }

  /** A view that is valid until the next change. */
  get bytes(): Buffer {
    return this.#buffer;
  }

  get length(): number {
    return this.#length;
  }

  addText(text: string): void {
    this.#reserve(text.length * 3);
    this.#length += this.#buffer.write(text, this.#length, 'utf8');
  }

  /** Short bytes: copied one by one, which is cheaper than a call. */
  addShort(source: Uint8Array, start: number, end: number): void {
    this.#reserve(end - start);
    const target = this.#buffer;
    let at = this.#length;
    for (let index = start; index < end; index += 1, at += 1) target[at] = source[index] ?? 0;
    this.#length = at;
  }

  addBytes(source: Buffer, start: number, end: number): void {
    this.#reserve(end - start);
    this.#length += source.copy(this.#buffer, this.#length, start, end);
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + bytes));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}
