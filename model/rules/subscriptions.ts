/**
 * Subscription fields of the attributes object. Source: the reference, section 1.6. Null, which clears any
 * attribute, is left to Braze.
 */
import { type JsonMember, valueText } from '../json-text.ts';

const STATES = new Set(['opted_in', 'subscribed', 'unsubscribed']);
const GROUP_STATES = new Set(['subscribed', 'unsubscribed']);

/** `email_subscribe` and `push_subscribe`. */
export function isSubscriptionState(member: JsonMember): boolean {
  if (member.kind === 'null') return true;
  return member.kind === 'string' && STATES.has(JSON.parse(valueText(member)) as string);
}

/** `subscription_groups`. */
export function areSubscriptionGroups(member: JsonMember): boolean {
  if (member.kind === 'null') return true;
  if (member.kind !== 'array') return false;
  return (JSON.parse(valueText(member)) as unknown[]).every(isSubscriptionGroup);
}

function isSubscriptionGroup(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const group: {
    subscription_group_id?: unknown;
    subscription_state?: unknown;
    use_double_opt_in_logic?: unknown;
  } = value;
  return (
    typeof group.subscription_group_id === 'string' &&
    group.subscription_group_id !== '' &&
    typeof group.subscription_state === 'string' &&
    GROUP_STATES.has(group.subscription_state) &&
    (group.use_double_opt_in_logic === undefined || typeof group.use_double_opt_in_logic === 'boolean')
  );
}
