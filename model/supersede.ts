/**
 * What of a row still counts that turned up after newer rows of its user were delivered. Only what no newer row has
 * set may go, so that no stale value wins.
 */
import { type JsonObjectText, valueText } from './json-text.ts';

/** Members that steer how the others are applied: alone they change nothing. */
const STEERING: ReadonlySet<string> = new Set(['_merge_objects', '_update_existing_only']);

/** An increment of a number: several of them add up in any order. */
const INCREMENT = /^\s*\{\s*"inc"\s*:/;

/**
 * @param late payload of the late row
 * @param newer payloads of the newer rows of its user
 * @returns the payload without what they have set, the text as it was where that is nothing; undefined where nothing
 *   is left of it
 */
export function withoutSuperseded(
  late: { readonly text: string; readonly object: JsonObjectText },
  newer: readonly JsonObjectText[],
): string | undefined {
  const setSince = new Map<string, boolean>();
  for (const { members } of newer) {
    for (const member of members) {
      const isIncrement = INCREMENT.test(valueText(member));
      setSince.set(member.key, isIncrement && (setSince.get(member.key) ?? true));
    }
  }
  const left = late.object.members.filter((member) => {
    const onlyIncremented = setSince.get(member.key);
    if (onlyIncremented === undefined || STEERING.has(member.key)) return true;
    return onlyIncremented && INCREMENT.test(valueText(member));
  });
  if (left.length === late.object.members.length) return late.text;
  if (left.every(({ key }) => STEERING.has(key))) return undefined;
  return `{${left.map(({ text }) => text).join(',')}}`;
}
