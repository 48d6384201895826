/** Sizes of text as UTF-8, without encoding it. */

/**
 * @param text any string; a lone surrogate counts as the three bytes of its replacement character
 * @returns number of bytes of the text in UTF-8
 */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 0x80) continue;
    if (code < 0x800) bytes += 1;
    // Of a pair only the second half adds: two code units already counted as two bytes, four in all.
    else if (!isHighSurrogate(code) || !isLowSurrogate(text.charCodeAt(at + 1))) bytes += 2;
  }
  return bytes;
}

/** @param limit bytes. Counts only where the number of code units leaves the answer open. */
export function exceedsUtf8(text: string, limit: number): boolean {
  if (text.length > limit) return true;
  if (text.length * 3 <= limit) return false;
  return utf8Length(text) > limit;
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code < 0xdc00;
}

function isLowSurrogate(code: number): boolean {
  return code >= 0xdc00 && code < 0xe000;
}
