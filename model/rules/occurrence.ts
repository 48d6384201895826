/** What events and purchases have in common: something that happened to a user, at a time, with properties. */
import type { Composed, RequestKind, RowRules } from '../composed-object.ts';
import { type JsonMember, valueText } from '../json-text.ts';
import { type RejectionCode, reject } from '../rejection.ts';
import type { SourceRow } from '../row.ts';
import { splice } from './payload.ts';
import { propertiesFlaw } from './properties.ts';
import { isEventTime, isoFromUpdatedAt } from './times.ts';
import { openUserObject } from './user-object.ts';

/** Says what is wrong with a field. A field that is required is asked about even where the payload lacks it. */
export type FieldRule = (member: JsonMember | undefined) => RejectionCode | undefined;

/**
 * Composes one event or purchase; without a `time` of its own it happened at UPDATED_AT (a `time` of null is
 * refused: to fill it in, the payload would have to be rewritten). Other keys are left to
 * Braze, which ignores what it does not know.
 *
 * @param fields rules of the fields that this data type has beside the common ones, by key
 */
export function composeOccurrence(
  kind: Extract<RequestKind, 'events' | 'purchases'>,
  row: SourceRow,
  rules: RowRules,
  fields: Readonly<Record<string, FieldRule>>,
): Composed {
  const user = openUserObject(row, rules);
  if (user.outcome === 'rejected') return user;
  const { identity, payload } = user;
  const flaw = occurrenceFlaw(payload.members, fields);
  if (flaw) return reject(flaw);
  if (payload.members.some((member) => member.key === 'time'))
    return { outcome: 'object', kind, identity, text: splice(user.prefix, payload) };
  const updatedAt = isoFromUpdatedAt(row.updatedAt);
  if (updatedAt === undefined) return reject('updated_at_invalid');
  return { outcome: 'object', kind, identity, text: splice(`${user.prefix},"time":"${updatedAt}"`, payload) };
}

/** @returns what is wrong with the members of an event or purchase, if anything */
export function occurrenceFlaw(
  members: readonly JsonMember[],
  fields: Readonly<Record<string, FieldRule>>,
): RejectionCode | undefined {
  const byKey = (key: string): JsonMember | undefined => members.find((member) => member.key === key);
  for (const [key, rule] of Object.entries(fields)) {
    const flaw = rule(byKey(key));
    if (flaw) return flaw;
  }
  const appId = byKey('app_id');
  if (appId && appId.kind !== 'string' && appId.kind !== 'null') return 'app_id_invalid';
  const properties = byKey('properties');
  const flaw = properties && propertiesFlaw(properties);
  if (flaw) return flaw;
  const time = byKey('time');
  return time && (time.kind !== 'string' || !isEventTime(textOf(time))) ? 'time_invalid' : undefined;
}

/** The text that a string member stands for. */
export function textOf(member: JsonMember): string {
  return JSON.parse(valueText(member)) as string;
}
