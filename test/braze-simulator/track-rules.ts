/** What an object of `/users/track` must satisfy beside its identifier. Each rule gives zero or more error types. */
import { isEmail } from './identifier.ts';
import { isArray, isObject, isText } from './json-object.ts';
import type { JsonObject } from './json-object.ts';
import { rawMembers } from './raw-json.ts';
import { isTime } from './time-forms.ts';

export const TRACK_ARRAYS = ['attributes', 'events', 'purchases'] as const;
export type TrackArray = (typeof TRACK_ARRAYS)[number];

/** Members that are not attributes themselves. */
export const CONTROL_MEMBERS: ReadonlySet<string> = new Set([
  'external_id',
  'user_alias',
  'braze_id',
  '_update_existing_only',
  '_merge_objects',
]);

const MAX_ATTRIBUTES = 250;
const MAX_NAME = 255;
const MAX_QUANTITY = 100;
const PROPERTY_BYTES = { events: 100_000, purchases: 50_000 } as const;
const EMAIL_STATES: readonly unknown[] = ['opted_in', 'subscribed', 'unsubscribed'];
const GROUP_STATES: readonly unknown[] = ['subscribed', 'unsubscribed'];
const CURRENCIES = new Set(Intl.supportedValuesOf('currency'));

/**
 * The error types of an object, in the order of the rules; none for a good one.
 *
 * @param text the object as it was sent
 */
export function objectErrors(array: TrackArray, object: JsonObject, text: string): string[] {
  const common = optional(
    object['_update_existing_only'],
    isBoolean,
    `'_update_existing_only' must be a boolean`,
  );
  switch (array) {
    case 'attributes':
      return [...common, ...attributeErrors(object)];
    case 'events':
      return [
        ...common,
        ...required(object, 'name', isName),
        ...timeErrors(object),
        ...optional(object['app_id'], isText, `'app_id' must be a string`),
        ...propertyErrors(array, object['properties'], text),
      ];
    case 'purchases':
      return [
        ...common,
        ...required(object, 'product_id', isName),
        ...required(object, 'currency', (value) => typeof value === 'string' && CURRENCIES.has(value)),
        ...required(object, 'price', (value) => typeof value === 'number'),
        ...optional(object['quantity'], isQuantity, `'quantity' must be an integer from 1 to 100`),
        ...timeErrors(object),
        ...optional(object['app_id'], isText, `'app_id' must be a string`),
        ...propertyErrors(array, object['properties'], text),
      ];
  }
}

function attributeErrors(object: JsonObject): string[] {
  const names = Object.keys(object).filter((name) => !CONTROL_MEMBERS.has(name));
  return [
    ...(names.length > MAX_ATTRIBUTES ? [`more than ${MAX_ATTRIBUTES} attributes`] : []),
    ...optional(object['email'], (value) => value === null || isEmail(value), 'EMAIL_BAD_FORMAT'),
    ...optional(object['email_subscribe'], isSubscription, 'BAD_EMAIL_SUBSCRIPTION_STATE'),
    ...optional(object['push_subscribe'], isSubscription, 'BAD_PUSH_SUBSCRIPTION_STATE'),
    ...optional(
      object['current_location'],
      (value) => value === null || isLocation(value),
      'BAD_LOCATION_UPDATE',
    ),
    ...subscriptionGroupErrors(object['subscription_groups']),
  ];
}

function subscriptionGroupErrors(groups: unknown): string[] {
  if (groups === undefined) return [];
  if (!isArray(groups)) return ['BAD_SUBSCRIPTION_GROUP_ARRAY'];
  return groups.flatMap((group) => {
    if (!isObject(group)) return ['BAD_SUBSCRIPTION_GROUP_HASH'];
    return [
      ...(isText(group['subscription_group_id']) ? [] : ['BAD_SUBSCRIPTION_GROUP_ID']),
      ...(GROUP_STATES.includes(group['subscription_state']) ? [] : ['BAD_SUBSCRIPTION_GROUP_STATE']),
    ];
  });
}

function propertyErrors(array: 'events' | 'purchases', properties: unknown, text: string): string[] {
  if (properties === undefined) return [];
  if (!isObject(properties)) return [`'properties' must be an object`];
  const names = Object.keys(properties);
  return [
    ...(names.some((name) => name === 'time' || name === 'event_name') ? ['property name is reserved'] : []),
    ...(names.some((name) => name === '' || name.length > MAX_NAME)
      ? ['property name has a wrong length']
      : []),
    ...(names.some((name) => name.startsWith('$')) ? [`property name begins with '$'`] : []),
    ...(isLargerThan(PROPERTY_BYTES[array], text) ? [`'properties' is too large`] : []),
  ];
}

function isLargerThan(bytes: number, text: string): boolean {
  if (Buffer.byteLength(text) <= bytes) return false;
  return Buffer.byteLength(rawMembers(text).get('properties') ?? '') > bytes;
}

function timeErrors(object: JsonObject): string[] {
  return required(object, 'time', (value) => typeof value === 'string' && isTime(value));
}

function required(object: JsonObject, name: string, rule: (value: unknown) => boolean): string[] {
  const value = object[name];
  if (value === undefined || value === null) return [`'${name}' is required`];
  return rule(value) ? [] : [`'${name}' is invalid`];
}

function optional(value: unknown, rule: (value: unknown) => boolean, error: string): string[] {
  return value === undefined || rule(value) ? [] : [error];
}

function isBoolean(value: unknown): boolean {
  return typeof value === 'boolean';
}

function isName(value: unknown): boolean {
  return isText(value) && value.length <= MAX_NAME;
}

function isQuantity(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_QUANTITY;
}

function isSubscription(value: unknown): boolean {
  return EMAIL_STATES.includes(value);
}

function isLocation(value: unknown): boolean {
  return isObject(value) && isWithin(value['latitude'], 90) && isWithin(value['longitude'], 180);
}

function isWithin(value: unknown, bound: number): boolean {
  return typeof value === 'number' && Math.abs(value) <= bound;
}
