/** User attributes. Source: the reference, section 1.6. */
import type { Composed, RowRules } from '../composed-object.ts';
import { type JsonMember, valueText } from '../json-text.ts';
import { type RejectionCode, reject } from '../rejection.ts';
import type { SourceRow } from '../row.ts';
import { inspectNested } from './nested-attribute.ts';
import { splice } from './payload.ts';
import { areSubscriptionGroups, isSubscriptionState } from './subscriptions.ts';
import { UPDATE_EXISTING_ONLY } from './update-existing-only.ts';
import { openUserObject } from './user-object.ts';

/** Top-level keys of one object; an array or object counts as one. */
export const MAX_ATTRIBUTES = 250;

/** Keys that steer how the other members are applied, or add to what a profile holds: their rows go alone. */
export const OPERATOR_KEYS = new Set([
  '_merge_objects',
  UPDATE_EXISTING_ONLY,
  'subscription_groups',
  'push_tokens',
  'push_token_import',
]);

export const SUBSCRIPTION_STATE_KEYS: ReadonlySet<string> = new Set(['email_subscribe', 'push_subscribe']);

/** Braze's own fields that hold objects or arrays of them; the limits of nested custom attributes are not theirs. */
const STANDARD_NESTED = new Set([
  'subscription_groups',
  'push_tokens',
  'current_location',
  'facebook',
  'twitter',
]);

/**
 * Limits that Braze does not state for a whole row or attribute are left to it: the length of top-level texts,
 * the number of elements of an array (a setting of the workspace), the format of an e-mail address.
 */
export function composeAttributes(row: SourceRow, rules: RowRules): Composed {
  const user = openUserObject(row, rules);
  if (user.outcome === 'rejected') return user;
  const { identity, payload, prefix } = user;
  const { members } = payload;
  if (members.length > MAX_ATTRIBUTES) return reject('attributes_too_many');
  let replaces = true;
  for (const member of members) {
    const findings = inspect(member);
    if (findings.flaw) return reject(findings.flaw, findings.field);
    if (findings.operator) replaces = false;
  }
  if (!replaces && rules.fullRefresh) return reject('operator_in_full_refresh');
  const text = splice(prefix, payload);
  return replaces
    ? { outcome: 'object', kind: 'attributes', identity, text, mergeable: { prefix, members } }
    : { outcome: 'object', kind: 'attributes', identity, text };
}

interface Findings {
  readonly flaw?: RejectionCode;
  readonly field?: string;
  readonly operator: boolean;
}

const PLAIN: Findings = { operator: false };
const OPERATOR: Findings = { operator: true };

function inspect(member: JsonMember): Findings {
  const { key, kind } = member;
  if (SUBSCRIPTION_STATE_KEYS.has(key)) {
    return isSubscriptionState(member)
      ? PLAIN
      : { flaw: 'subscription_state_invalid', field: key, operator: false };
  }
  if (key === 'subscription_groups' && !areSubscriptionGroups(member)) {
    return { flaw: 'subscription_groups_invalid', operator: true };
  }
  if (OPERATOR_KEYS.has(key)) return OPERATOR;
  if ((kind !== 'object' && kind !== 'array') || STANDARD_NESTED.has(key)) return PLAIN;
  return inspectNested(valueText(member));
}
