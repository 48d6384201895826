/**
 * Every reason for which the row rules reject a row. Codes are stable: they are stored, counted and exported.
 * Sentences are for the people who fill the table. They name columns, fields and limits, all of them ours or
 * Braze's, and nothing that stands in a row, its keys included.
 */
import type { Rejection } from './composed-object.ts';

const REASONS = {
  // Identifiers
  identifier_missing: 'The row names no user; fill exactly one identifier column.',
  identifiers_conflict: 'The row names a user in two ways; fill only one identifier column per row.',
  alias_incomplete: 'ALIAS_NAME and ALIAS_LABEL are required together, and only one of them is filled.',
  identifier_broken_text: 'The identifier holds broken characters.',
  external_id_too_long: 'EXTERNAL_ID is longer than 987 bytes.',
  // The payload as a whole
  payload_missing: 'PAYLOAD is empty.',
  payload_too_large: 'Payload was greater than 1MB',
  payload_not_json: 'PAYLOAD is not valid JSON.',
  payload_not_object: 'PAYLOAD must be one JSON object, not a list or a single value.',
  payload_duplicate_key: 'PAYLOAD holds the same key twice within one object.',
  payload_broken_unicode: 'PAYLOAD holds broken characters (half of a surrogate pair).',
  payload_too_deep: 'PAYLOAD is nested more than 500 levels deep.',
  payload_identifier: 'PAYLOAD must not name the user; identifiers belong in their own columns',
  update_existing_only_invalid:
    '`_update_existing_only` in PAYLOAD must be true or false, and not false where the sync updates existing users only.',
  // Attributes
  attributes_too_many: 'PAYLOAD holds more than 250 attributes.',
  subscription_state_invalid: 'A subscription state must be opted_in, subscribed or unsubscribed',
  subscription_groups_invalid:
    '`subscription_groups` must be a list of objects, each with a `subscription_group_id` and a `subscription_state` of subscribed or unsubscribed.',
  nested_key_invalid:
    'A key within a nested attribute holds a space, a period or a dollar sign, or is too long (255).',
  nested_value_too_long: 'A text within a nested attribute is longer than 255 characters.',
  nested_too_large: 'A nested attribute is larger than 100 KB.',
  nested_time_invalid: 'A `$time` within a nested attribute is not a date or time that Braze reads.',
  operator_in_full_refresh:
    'A table that is read whole in each run may not hold operators, such as `inc` or `$add`: they would be applied again.',
  // Events and purchases
  event_name_invalid: '`name` is required and must be a text that is not empty.',
  time_invalid:
    '`time` must be an ISO 8601 date and time such as 2026-01-31T10:15:00Z; without it UPDATED_AT is used.',
  updated_at_invalid: 'UPDATED_AT cannot be written as a time for Braze.',
  app_id_invalid: '`app_id` must be a text.',
  properties_invalid: '`properties` must be a JSON object.',
  property_name_invalid:
    'A property has a name that is empty, longer than 255 characters, begins with a dollar sign, or is `time` or `event_name`.',
  property_value_too_long: 'A property holds a text longer than 255 characters.',
  properties_too_large: '`properties` with lists or objects are larger than 100 KB.',
  product_id_invalid: '`product_id` is required and must be a text of 1 to 255 characters.',
  currency_invalid: '`currency` is required and must be an ISO 4217 code such as USD.',
  price_invalid: '`price` is required and must be a number.',
  quantity_invalid: '`quantity` must be a whole number from 1 to 100.',
  // Catalog items
  item_id_invalid: 'ID must be 1 to 250 letters, digits, - and _.',
  item_id_conflict: '`id` in PAYLOAD differs from the column ID; leave it out.',
  item_value_too_long: 'A field holds a text longer than 5,000 characters.',
  item_too_deep: 'A field is nested more than 50 levels deep.',
  item_key_invalid: 'A key within a nested field holds a period or a dollar sign.',
} as const satisfies Record<string, string>;

export type RejectionCode = keyof typeof REASONS;
export const REJECTION_CODES = Object.keys(REASONS) as RejectionCode[];

/**
 * @param field where one code serves several fields of Braze: the name of the one that is wrong
 */
export function reject(code: RejectionCode, field?: string): Rejection {
  const reason: string = REASONS[code];
  return { outcome: 'rejected', code, reason: field === undefined ? reason : `${reason} (\`${field}\`).` };
}
