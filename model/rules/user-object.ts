/** What attributes, events and purchases have in common: one object of `/users/track` about one user. */
import type { Rejection, RowRules } from '../composed-object.ts';
import type { JsonMember, JsonObjectText } from '../json-text.ts';
import { reject } from '../rejection.ts';
import type { SourceRow } from '../row.ts';
import { type IdentifierKind, identify } from './identifiers.ts';
import { readPayload } from './payload.ts';
import { UPDATE_EXISTING_ONLY, isOwnSettingValid, settingMember } from './update-existing-only.ts';

export interface UserObject {
  readonly outcome: 'user_object';
  readonly identity: string;
  readonly payload: JsonObjectText;
  /** The object's text up to and without its payload members. */
  readonly prefix: string;
}

/** Keys that name a user. Braze's own are lower case only, so others are ordinary keys. */
export const IDENTIFIER_KEYS = new Set([
  'external_id',
  'user_alias',
  'alias_name',
  'alias_label',
  'braze_id',
  'email',
  'phone',
]);

/** Reads identifier and payload of a row, and checks what holds for all three data types. */
export function openUserObject(row: SourceRow, rules: RowRules): UserObject | Rejection {
  const user = identify(row);
  if (user.outcome === 'rejected') return user;
  const payload = readPayload(row.payload);
  if (payload.outcome === 'rejected') return payload;
  let setting = settingMember(user.kind, rules);
  for (const member of payload.members) {
    if (namesUser(member, user.kind, rules)) return reject('payload_identifier', member.key);
    if (member.key !== UPDATE_EXISTING_ONLY) continue;
    if (!isOwnSettingValid(member, rules)) return reject('update_existing_only_invalid');
    setting = '';
  }
  return {
    outcome: 'user_object',
    identity: user.identity,
    payload,
    prefix: `{"${user.kind}":${user.json}${setting}`,
  };
}

/**
 * Whether a member would name a user, the same or another: it is refused either way, since a payload must not
 * contain identifiers. In attributes, e-mail address and phone number are profile fields as long as they cannot
 * become the key that Braze looks the user up by: beside a primary id neither can, beside an e-mail address a
 * phone number cannot (the address wins), beside a phone number both can.
 */
function namesUser(member: JsonMember, kind: IdentifierKind, rules: RowRules): boolean {
  if (!IDENTIFIER_KEYS.has(member.key)) return false;
  if (rules.dataType !== 'attributes') return true;
  if (member.key === 'email') return kind === 'email' || kind === 'phone';
  if (member.key === 'phone') return kind === 'phone';
  return true;
}
