/** What holds for every payload, whatever the data type. Source: the reference, sections 1.6 and 1.8. */
import type { Rejection } from '../composed-object.ts';
import { type JsonFlaw, type JsonObjectText, scanJsonObject } from '../json-text.ts';
import { type RejectionCode, reject } from '../rejection.ts';
import { exceedsUtf8 } from '../utf8-length.ts';

/**
 * "1 MB" of UTF-8. Braze does not say which megabyte; with the larger one no row is turned away that Braze would
 * take, and any such row still fits the 4 MB of a request.
 */
export const MAX_PAYLOAD_BYTES = 1_048_576;

const CODES = {
  not_json: 'payload_not_json',
  not_object: 'payload_not_object',
  duplicate_key: 'payload_duplicate_key',
  broken_unicode: 'payload_broken_unicode',
  too_deep: 'payload_too_deep',
} as const satisfies Record<JsonFlaw, RejectionCode>;

export function readPayload(payload: string | null): JsonObjectText | Rejection {
  if (payload === null || payload === '') return reject('payload_missing');
  if (exceedsUtf8(payload, MAX_PAYLOAD_BYTES)) return reject('payload_too_large');
  const scanned = scanJsonObject(payload);
  return scanned.outcome === 'object' ? scanned : reject(CODES[scanned.flaw]);
}

/**
 * Puts a payload behind members of ours. The payload's own text is kept byte for byte; only its outer braces are opened.
 *
 * @param prefix an opened object, for example `{"external_id":"a"`
 */
export function splice(prefix: string, payload: JsonObjectText): string {
  return payload.members.length === 0 ? `${prefix}}` : `${prefix},${payload.inner}}`;
}
