/**
 * Whether a text has more characters than a limit. A character is a code point, so that one emoji is not two.
 */
export function isLongerThan(text: string, limit: number): boolean {
  if (text.length <= limit) return false;
  if (text.length > limit * 2) return true;
  let characters = 0;
  for (const _character of text) characters += 1;
  return characters > limit;
}
