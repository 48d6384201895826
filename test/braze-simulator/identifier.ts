import type { UserAlias } from './control-types.ts';
import { isObject, isText } from './json-object.ts';
import type { JsonObject } from './json-object.ts';

export type Identifier =
  | { readonly kind: 'external_id' | 'braze_id' | 'email' | 'phone'; readonly value: string }
  | { readonly kind: 'user_alias'; readonly value: UserAlias };

export const MAX_EXTERNAL_ID_BYTES = 987;

const PRIMARY = ['external_id', 'user_alias', 'braze_id'] as const;

/**
 * Whom a track object is for: its one primary identifier; else the profile with its e-mail address; else with its
 * phone number. Beside a primary identifier the last two are plain attributes.
 *
 * @returns the identifier, or the error type where there is no usable one
 */
export function readIdentifier(object: JsonObject): Identifier | string {
  const primary = PRIMARY.filter((kind) => object[kind] !== undefined);
  if (primary.length > 1) return `only one of 'external_id', 'braze_id' and 'user_alias' is allowed`;
  const kind = primary[0];
  if (kind === 'user_alias') {
    const alias = readAlias(object[kind]);
    return alias ? { kind, value: alias } : `'user_alias' requires 'alias_name' and 'alias_label'`;
  }
  if (kind !== undefined) return readText(kind, object[kind]);
  if (object['email'] !== undefined) {
    return isEmail(object['email']) ? { kind: 'email', value: object['email'] } : 'EMAIL_BAD_FORMAT';
  }
  if (object['phone'] !== undefined) return readText('phone', object['phone']);
  return `'external_id' or 'braze_id' or 'user_alias' is required`;
}

function readText(kind: 'external_id' | 'braze_id' | 'phone', value: unknown): Identifier | string {
  if (!isText(value)) return `'${kind}' must be a string`;
  if (kind === 'external_id' && Buffer.byteLength(value) > MAX_EXTERNAL_ID_BYTES) {
    return 'EXTERNAL_USER_ID_TOO_LARGE';
  }
  return { kind, value };
}

/** The alias in a parsed JSON value, or undefined where a part is missing. */
export function readAlias(value: unknown): UserAlias | undefined {
  if (!isObject(value)) return undefined;
  const { alias_name, alias_label } = value;
  return isText(alias_name) && isText(alias_label) ? { alias_name, alias_label } : undefined;
}

/** Whether a value has the outer form of an e-mail address. */
export function isEmail(value: unknown): value is string {
  return typeof value === 'string' && /^[^\s@<>(),;:"]+@[^\s@.<>(),;:"]+(\.[^\s@.<>(),;:"]+)+$/.test(value);
}

/** A text that no two different users share, such as `external_id:ann` or `user_alias:["ann","crm"]` (name, label). */
export function identityOf(identifier: Identifier): string {
  if (identifier.kind !== 'user_alias') return `${identifier.kind}:${identifier.value}`;
  return `user_alias:${aliasKey(identifier.value)}`;
}

export function aliasKey(alias: UserAlias): string {
  return JSON.stringify([alias.alias_name, alias.alias_label]);
}
