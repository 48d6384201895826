/** Whether an object may make a new profile. Source: the reference, section 1.6. */
import type { RowRules } from '../composed-object.ts';
import { type JsonMember, valueText } from '../json-text.ts';
import type { IdentifierKind } from './identifiers.ts';

export const UPDATE_EXISTING_ONLY = '_update_existing_only';

/**
 * A payload may carry the setting itself. It may narrow what the sync allows and never widen it; where it is
 * valid it stands in place of ours, so that no key is written twice.
 */
export function isOwnSettingValid(member: JsonMember, rules: RowRules): boolean {
  return member.kind === 'boolean' && !(rules.updateExistingOnly && valueText(member) === 'false');
}

/**
 * The member that carries the sync's setting, with a comma before it, or nothing where Braze's default is right.
 * Braze updates aliases only, unless told otherwise, and CDI promises to create them. It is told so for
 * attributes: for events and purchases an alias is always "update only".
 */
export function settingMember(kind: IdentifierKind, rules: RowRules): string {
  if (rules.updateExistingOnly) return `,"${UPDATE_EXISTING_ONLY}":true`;
  if (kind === 'user_alias' && rules.dataType === 'attributes') return `,"${UPDATE_EXISTING_ONLY}":false`;
  return '';
}
