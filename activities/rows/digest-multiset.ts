/**
 * A multiset of 16-byte digests in one typed array: millions of rows cost 20 bytes each and no objects.
 * Digests are uniformly distributed, so their first bytes serve as the hash.
 */

const WORDS = 5;
const COUNT = 4;
const DIGEST_BYTES = 16;
/** Count of a slot whose last occurrence was taken: it keeps its digest, so that probe chains stay whole. */
const TAKEN = 0xffff_ffff;

export class DigestMultiset {
  #slots: Uint32Array;
  #mask: number;
  #used = 0;
  #size = 0;

  constructor(expected = 0) {
    let capacity = 16;
    while (capacity < expected * 2) capacity *= 2;
    this.#slots = new Uint32Array(capacity * WORDS);
    this.#mask = capacity - 1;
  }

  /** @param buffers runs of digests, 16 bytes each */
  static of(buffers: readonly Buffer[]): DigestMultiset {
    const total = buffers.reduce((sum, buffer) => sum + buffer.length / DIGEST_BYTES, 0);
    const set = new DigestMultiset(total);
    for (const buffer of buffers) {
      for (let offset = 0; offset < buffer.length; offset += DIGEST_BYTES) set.add(buffer, offset);
    }
    return set;
  }

  /** Number of digests, repeated ones counted as often as they were added. */
  get size(): number {
    return this.#size;
  }

  add(bytes: Buffer, offset = 0): void {
    if ((this.#used + 1) * 2 > this.#mask + 1) this.#grow();
    const slot = this.#find(
      bytes.readUInt32LE(offset),
      bytes.readUInt32LE(offset + 4),
      bytes.readUInt32LE(offset + 8),
      bytes.readUInt32LE(offset + 12),
    );
    const found = this.#slots[slot + COUNT] ?? 0;
    const count = found === TAKEN ? 0 : found;
    if (found === 0) {
      for (let word = 0; word < COUNT; word += 1)
        this.#slots[slot + word] = bytes.readUInt32LE(offset + word * 4);
      this.#used += 1;
    }
    this.#slots[slot + COUNT] = count + 1;
    this.#size += 1;
  }

  /** Takes one occurrence out. @returns whether there was one */
  take(bytes: Buffer, offset = 0): boolean {
    if (this.#size === 0) return false;
    const slot = this.#find(
      bytes.readUInt32LE(offset),
      bytes.readUInt32LE(offset + 4),
      bytes.readUInt32LE(offset + 8),
      bytes.readUInt32LE(offset + 12),
    );
    const count = this.#slots[slot + COUNT] ?? 0;
    if (count === 0 || count === TAKEN) return false;
    this.#slots[slot + COUNT] = count === 1 ? TAKEN : count - 1;
    this.#size -= 1;
    return true;
  }

  #find(a: number, b: number, c: number, d: number): number {
    const slots = this.#slots;
    for (let index = a & this.#mask; ; index = (index + 1) & this.#mask) {
      const slot = index * WORDS;
      if (slots[slot + COUNT] === 0) return slot;
      if (slots[slot] === a && slots[slot + 1] === b && slots[slot + 2] === c && slots[slot + 3] === d)
        return slot;
    }
  }

  #grow(): void {
    const old = this.#slots;
    const capacity = (this.#mask + 1) * 2;
    this.#slots = new Uint32Array(capacity * WORDS);
    this.#mask = capacity - 1;
    this.#used = 0;
    for (let from = 0; from < old.length; from += WORDS) {
      const count = old[from + COUNT] ?? 0;
      if (count === 0 || count === TAKEN) continue;
      const slot = this.#find(old[from] ?? 0, old[from + 1] ?? 0, old[from + 2] ?? 0, old[from + 3] ?? 0);
      for (let word = 0; word < WORDS; word += 1) this.#slots[slot + word] = old[from + word] ?? 0;
      this.#used += 1;
    }
  }
}
