/** Who a row is about. Source: the reference, section 1.4. */
import type { Rejection } from '../composed-object.ts';
import { reject } from '../rejection.ts';
import type { SourceRow } from '../row.ts';
import { exceedsUtf8 } from '../utf8-length.ts';

export type IdentifierKind = 'external_id' | 'user_alias' | 'braze_id' | 'email' | 'phone';

export interface Identifier {
  readonly outcome: 'identifier';
  readonly kind: IdentifierKind;
  /** Equal for rows of the same user; two users never share one. */
  readonly identity: string;
  /** The identifier's JSON: a string, or the alias object. */
  readonly json: string;
}

const MAX_EXTERNAL_ID_BYTES = 987;

/**
 * Finds the one identifier of a row; an empty text counts as missing, as it names nobody.
 *
 * "One identifier per row" counts all five kinds, with one exception that is documented: where EMAIL and PHONE
 * are both set, the e-mail address is used. An e-mail address beside a primary id would silently become a
 * profile field, or, for an id that is unknown, make a second profile; such a row is rejected, and an address
 * that is meant as a field belongs in the payload.
 */
export function identify(row: SourceRow): Identifier | Rejection {
  const primary = identifyPrimary(row);
  const email = given(row.email);
  const phone = given(row.phone);
  if (email === undefined && phone === undefined) return primary;
  if (primary.outcome === 'rejected' && primary.code !== 'identifier_missing') return primary;
  if (primary.outcome === 'identifier') return reject('identifiers_conflict');
  // Spellings that differ in case reach one mailbox; as one identity their rows keep their order.
  if (email !== undefined) return identifier('email', email, email.toLowerCase());
  return phone === undefined ? primary : identifier('phone', phone, phone);
}

/** Finds the one primary identifier of a row. User deletes know no other (EMAIL and PHONE are extra columns there). */
export function identifyPrimary(row: SourceRow): Identifier | Rejection {
  const externalId = given(row.externalId);
  const brazeId = given(row.brazeId);
  const name = given(row.aliasName);
  const label = given(row.aliasLabel);
  if ((name === undefined) !== (label === undefined)) return reject('alias_incomplete');
  const found = Number(externalId !== undefined) + Number(brazeId !== undefined) + Number(name !== undefined);
  if (found > 1) return reject('identifiers_conflict');
  if (externalId !== undefined) {
    if (exceedsUtf8(externalId, MAX_EXTERNAL_ID_BYTES)) return reject('external_id_too_long');
    return identifier('external_id', externalId, externalId);
  }
  if (brazeId !== undefined) return identifier('braze_id', brazeId, brazeId);
  if (name !== undefined && label !== undefined) return alias(name, label);
  return reject('identifier_missing');
}

function given(value: string | null): string | undefined {
  return value === null || value === '' ? undefined : value;
}

function identifier(kind: IdentifierKind, value: string, sameFor: string): Identifier | Rejection {
  if (isBroken(value)) return reject('identifier_broken_text');
  return { outcome: 'identifier', kind, identity: `${kind}:${sameFor}`, json: JSON.stringify(value) };
}

function alias(name: string, label: string): Identifier | Rejection {
  if (isBroken(name) || isBroken(label)) return reject('identifier_broken_text');
  const [nameJson, labelJson] = [JSON.stringify(name), JSON.stringify(label)];
  return {
    outcome: 'identifier',
    kind: 'user_alias',
    identity: `user_alias:[${nameJson},${labelJson}]`,
    json: `{"alias_name":${nameJson},"alias_label":${labelJson}}`,
  };
}

/** A lone surrogate would reach Braze as another character, and with it another user; NUL is in no real identifier. */
function isBroken(value: string): boolean {
  return !value.isWellFormed() || value.includes('\0');
}
