/** Length of a digest; see activities/rows/row-page.ts. */
export const DIGEST_BYTES = 16;

export interface DigestDifference {
  readonly left: Buffer;
  /** Digests that should have been taken out and were not there. */
  readonly missing: Buffer;
}

/**
 * Takes digests out of others, each as often as it is given.
 *
 * @param from digests, 16 bytes each
 * @param taken those to take out
 */
export function subtractDigests(from: Buffer, taken: Buffer): DigestDifference {
  const counts = new Map<string, number>();
  for (let offset = 0; offset < taken.length; offset += DIGEST_BYTES) {
    const key = keyAt(taken, offset);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const left = keep(from, (key) => !takeOne(counts, key));
  return { left, missing: keep(taken, (key) => takeOne(counts, key)) };
}

const keyAt = (digests: Buffer, offset: number): string =>
  digests.toString('latin1', offset, offset + DIGEST_BYTES);

/** @returns whether one was there */
function takeOne(counts: Map<string, number>, key: string): boolean {
  const count = counts.get(key) ?? 0;
  if (count > 0) counts.set(key, count - 1);
  return count > 0;
}

function keep(digests: Buffer, isKept: (key: string) => boolean): Buffer {
  const kept = Buffer.allocUnsafe(digests.length);
  let length = 0;
  for (let offset = 0; offset < digests.length; offset += DIGEST_BYTES)
    if (isKept(keyAt(digests, offset))) length += digests.copy(kept, length, offset, offset + DIGEST_BYTES);
  return kept.subarray(0, length);
}
