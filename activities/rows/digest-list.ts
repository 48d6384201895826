import { DIGEST_BYTES } from './row-page.ts';

/** Digests one after the other in one buffer, which is used again when the list is cleared. */
export class DigestList {
  #buffer = Buffer.allocUnsafe(64 * DIGEST_BYTES);
  #length = 0;

  add(digest: Buffer): void {
    if (this.#length === this.#buffer.length) {
      const larger = Buffer.allocUnsafe(this.#buffer.length * 2);
      this.#buffer.copy(larger);
      this.#buffer = larger;
    }
    this.#length += digest.copy(this.#buffer, this.#length, 0, DIGEST_BYTES);
  }

  clear(): void {
    this.#length = 0;
  }

  /** A view that is valid until the next change. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }
}
