/** Catalog items. Source: the reference, sections 1.6 and 4.6. */
import type { Composed } from '../composed-object.ts';
import { type JsonMember, type JsonObjectText, valueText } from '../json-text.ts';
import { type RejectionCode, reject } from '../rejection.ts';
import type { SourceRow } from '../row.ts';
import { isLongerThan } from './character-limit.ts';
import { readPayload, splice } from './payload.ts';

const ITEM_ID = /^[A-Za-z0-9_-]{1,250}$/;
const MAX_VALUE_CHARACTERS = 5_000;
const MAX_VALUE_DEPTH = 50;

/** A deleted item needs no payload: its own is not looked at. */
export function composeCatalogItem(row: SourceRow): Composed {
  const { id } = row;
  if (id === null || !ITEM_ID.test(id)) return reject('item_id_invalid');
  const identity = `item:${id}`;
  const open = `{"id":"${id}"`;
  if (row.deleted === true) return { outcome: 'object', kind: 'catalog_delete', identity, text: `${open}}` };
  const payload = readPayload(row.payload);
  if (payload.outcome === 'rejected') return payload;
  // The depth of a value leaves out the payload's own braces.
  if (payload.depth - 1 > MAX_VALUE_DEPTH) return reject('item_too_deep');
  const own = payload.members.find((member) => member.key === 'id');
  if (own && !(own.kind === 'string' && JSON.parse(valueText(own)) === id)) return reject('item_id_conflict');
  for (const member of payload.members) {
    const flaw = fieldFlaw(member);
    if (flaw) return reject(flaw);
  }
  return {
    outcome: 'object',
    kind: 'catalog_upsert',
    identity,
    text: own ? whole(payload) : splice(open, payload),
  };
}

/** A payload that repeats the item's id is an item as it stands; with ours the key would be there twice. */
function whole(payload: JsonObjectText): string {
  return `{${payload.inner}}`;
}

function fieldFlaw(member: JsonMember): RejectionCode | undefined {
  // Escapes only make a text longer, so a short one needs no look.
  const isLong = member.text.length > MAX_VALUE_CHARACTERS;
  if (member.kind === 'string') return isLong ? valueFlaw(JSON.parse(valueText(member))) : undefined;
  return member.kind === 'object' || member.kind === 'array'
    ? valueFlaw(JSON.parse(valueText(member)))
    : undefined;
}

function valueFlaw(value: unknown): RejectionCode | undefined {
  if (typeof value === 'string')
    return isLongerThan(value, MAX_VALUE_CHARACTERS) ? 'item_value_too_long' : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    if (!Array.isArray(value) && /[.$]/.test(key)) return 'item_key_invalid';
    const flaw = valueFlaw(inner);
    if (flaw) return flaw;
  }
  return undefined;
}
