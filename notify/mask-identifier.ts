const KEPT = 2;

/**
 * Shows enough of an identifier to find its row, and never the whole: the first two characters, fewer of a
 * short one. The mask hides the length, and of an e-mail address the domain.
 *
 * @param value an identifier in clear
 * @returns for example `us***`, or `ja***@…`
 */
export function maskIdentifier(value: string): string {
  const at = value.lastIndexOf('@');
  return at === -1 ? maskWord(value) : `${maskWord(value.slice(0, at))}@…`;
}

function maskWord(word: string): string {
  const characters = Array.from(word);
  const kept = Math.min(KEPT, Math.floor(characters.length / 2));
  return `${characters.slice(0, kept).join('')}***`;
}
