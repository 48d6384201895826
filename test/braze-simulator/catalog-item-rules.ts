/** What catalog items must satisfy. The error ids are the published ones. */
import type { FieldType } from './control-types.ts';
import { isArray, isObject, isText } from './json-object.ts';
import { isTime } from './time-forms.ts';

export type ItemErrorId =
  | 'items-missing-ids'
  | 'ids-not-strings'
  | 'ids-too-large'
  | 'invalid-ids'
  | 'ids-not-unique'
  | 'item-array-invalid'
  | 'invalid-fields'
  | 'items-too-large'
  | 'too-deep-nesting-in-value-object'
  | 'invalid-keys-in-value-object'
  | 'unable-to-coerce-value';

const MAX_ID = 250;
const MAX_VALUE = 5000;
const MAX_NESTING = 50;
const ARRAY_OPERATORS = ['$add', '$remove'];

/** @param id parsed value of the item's `id` */
export function idError(id: unknown): ItemErrorId | undefined {
  if (id === undefined || id === null || id === '') return 'items-missing-ids';
  if (typeof id !== 'string') return 'ids-not-strings';
  if (id.length > MAX_ID) return 'ids-too-large';
  return /^[A-Za-z0-9_-]+$/.test(id) ? undefined : 'invalid-ids';
}

/**
 * @param type of the field; undefined where the catalog has no such field
 * @param value parsed value; numbers may have lost digits
 * @param raw the value as sent
 * @param edits whether array operators are allowed
 */
export function valueError(
  type: FieldType | undefined,
  value: unknown,
  raw: string,
  edits: boolean,
): ItemErrorId | undefined {
  if (type === undefined) return 'invalid-fields';
  if (value === null) return undefined;
  if ((typeof value === 'string' ? value : raw).length > MAX_VALUE) return 'items-too-large';
  if (isDeeperThan(MAX_NESTING, value)) return 'too-deep-nesting-in-value-object';
  if (edits && type === 'array' && isArrayOperation(value)) return undefined;
  if (hasForbiddenKey(value)) return 'invalid-keys-in-value-object';
  return FITS[type](value) ? undefined : 'unable-to-coerce-value';
}

/** Values that a field takes, as they are or by a coercion that loses nothing. */
const FITS: Record<FieldType, (value: unknown) => boolean> = {
  string: (value) => typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean',
  number: (value) => typeof value === 'number' || (isText(value) && Number.isFinite(Number(value))),
  boolean: (value) => typeof value === 'boolean' || value === 'true' || value === 'false',
  time: (value) => typeof value === 'string' && isTime(value),
  object: isObject,
  array: (value) => isArray(value) && value.every((element) => typeof element === 'string'),
  geolocation: (value) =>
    isObject(value) && typeof value['latitude'] === 'number' && typeof value['longitude'] === 'number',
};

function isArrayOperation(value: unknown): boolean {
  if (!isObject(value)) return false;
  return Object.entries(value).every(([key, list]) => ARRAY_OPERATORS.includes(key) && FITS.array(list));
}

/** A plain value has no level, an object or array of plain values has one. */
function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeperThan(levels - 1, inner));
}

function hasForbiddenKey(value: unknown): boolean {
  if (isArray(value)) return value.some(hasForbiddenKey);
  if (!isObject(value)) return false;
  return Object.entries(value).some(([key, inner]) => /[.$]/.test(key) || hasForbiddenKey(inner));
}
