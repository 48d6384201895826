/** Properties of events and purchases. Source: the reference, section 1.6. */
import { type JsonMember, valueText } from '../json-text.ts';
import type { RejectionCode } from '../rejection.ts';
import { exceedsUtf8 } from '../utf8-length.ts';
import { isLongerThan } from './character-limit.ts';

const MAX_CHARACTERS = 255;
/**
 * For properties that hold a list or an object. One older page says 50 KB for purchases; the larger limit turns
 * away no row that Braze takes.
 */
const MAX_PROPERTIES_BYTES = 102_400;
export const RESERVED_PROPERTIES = new Set(['time', 'event_name']);

/** @returns what is wrong with the member `properties`, if anything; null counts as left out */
export function propertiesFlaw(member: JsonMember): RejectionCode | undefined {
  if (member.kind === 'null') return undefined;
  if (member.kind !== 'object') return 'properties_invalid';
  const json = valueText(member);
  let isNested = false;
  const properties = JSON.parse(json) as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(properties)) {
    const value = properties[name];
    if (!isPropertyName(name)) return 'property_name_invalid';
    if (typeof value === 'string' && isLongerThan(value, MAX_CHARACTERS)) return 'property_value_too_long';
    if (typeof value === 'object' && value !== null) isNested = true;
  }
  return isNested && exceedsUtf8(json, MAX_PROPERTIES_BYTES) ? 'properties_too_large' : undefined;
}

function isPropertyName(name: string): boolean {
  return (
    name !== '' &&
    !name.startsWith('$') &&
    !RESERVED_PROPERTIES.has(name) &&
    !isLongerThan(name, MAX_CHARACTERS)
  );
}
