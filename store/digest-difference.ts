/** Length of a digest; see activities/rows/row-page.ts. */
export const DIGEST_BYTES = 16;

/**
 * Takes digests out of others, each as often as it is given.
 *
 * @param from digests, 16 bytes each
 * @param taken those to take out; what is not there is ignored
 */
export function subtractDigests(from: Buffer, taken: Buffer): Buffer {
  const counts = new Map<string, number>();
  for (let offset = 0; offset < taken.length; offset += DIGEST_BYTES) {
    const key = taken.toString('latin1', offset, offset + DIGEST_BYTES);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const left = Buffer.allocUnsafe(from.length);
  let length = 0;
  for (let offset = 0; offset < from.length; offset += DIGEST_BYTES) {
    const key = from.toString('latin1', offset, offset + DIGEST_BYTES);
    const count = counts.get(key) ?? 0;
    if (count > 0) counts.set(key, count - 1);
    else length += from.copy(left, length, offset, offset + DIGEST_BYTES);
  }
  return left.subarray(0, length);
}
