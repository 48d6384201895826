/**
 * Every reason for a rejection: rows that have this flaw and no other, beside rows that come as near as may be and
 * pass. Without its rule, the first kind would pass; with a rule that goes too far, the second would not.
 */
import { describe, expect, it } from 'vitest';
import type { RowRules } from '../../../model/composed-object.ts';
import { REJECTION_CODES, type RejectionCode } from '../../../model/rejection.ts';
import type { SourceRow } from '../../../model/row.ts';
import { composeRow } from '../../../model/rules/compose-row.ts';
import {
  ATTRIBUTES,
  CATALOG,
  EVENTS,
  PURCHASES,
  USER_DELETES,
  codeOf,
  itemRow,
  row,
  rules,
  userRow,
} from './rules/rows.ts';

interface Case {
  readonly rejected: readonly [SourceRow, RowRules][];
  readonly accepted: readonly [SourceRow, RowRules][];
}

const attributes = (payload: unknown): [SourceRow, RowRules] => [userRow(payload), ATTRIBUTES];
const event = (fields: object): [SourceRow, RowRules] => [userRow({ name: 'e', ...fields }), EVENTS];
const withProperties = (properties: unknown): [SourceRow, RowRules] => event({ properties });
const purchase = (fields: object): [SourceRow, RowRules] => [
  userRow({ product_id: 'p', currency: 'EUR', price: 9.5, ...fields }),
  PURCHASES,
];
const item = (payload: unknown): [SourceRow, RowRules] => [itemRow(payload), CATALOG];
const user = (fields: Partial<SourceRow>): [SourceRow, RowRules] => [
  row({ payload: '{"a":1}', ...fields }),
  ATTRIBUTES,
];
const inFullRefresh = (payload: object): [SourceRow, RowRules] => {
  const [source, rules] = attributes(payload);
  return [source, { ...rules, fullRefresh: true }];
};
const toDelete = (fields: Partial<SourceRow>): [SourceRow, RowRules] => [row(fields), USER_DELETES];

const levels = (count: number): unknown => (count === 0 ? 1 : { a: levels(count - 1) });
const keys = (count: number): object =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, index]));
/** An attribute whose value is an object of so many bytes, in texts short enough to pass. */
const objectOf = (bytes: number): object => {
  const overhead = JSON.stringify({ a: [] }).length - 1;
  const list = Array.from({ length: Math.floor((bytes - overhead) / 103) }, () => 'x'.repeat(100));
  const object = { a: list };
  const missing = bytes - JSON.stringify(object).length;
  return { a: [...list.slice(0, -1), 'x'.repeat(100 + missing)] };
};
/** A payload of exactly so many bytes, one character of which takes two. */
const payloadOf = (bytes: number): string => `{"a":"é${'x'.repeat(bytes - 10)}"}`;

const CASES: Record<RejectionCode, Case> = {
  identifier_missing: {
    rejected: [
      user({}),
      user({ externalId: '' }),
      user({ externalId: '', aliasName: '', aliasLabel: '', brazeId: '', email: '', phone: '' }),
      [row({ payload: '{"name":"e"}' }), EVENTS],
      toDelete({}),
      toDelete({ email: 'a@b.c' }),
    ],
    accepted: [user({ externalId: '0' }), user({ phone: '+1' }), toDelete({ brazeId: 'b' })],
  },
  identifiers_conflict: {
    rejected: [
      user({ externalId: 'u', brazeId: 'b' }),
      user({ externalId: 'u', aliasName: 'n', aliasLabel: 'l' }),
      user({ brazeId: 'b', aliasName: 'n', aliasLabel: 'l' }),
      user({ externalId: 'u', email: 'a@b.c' }),
      user({ brazeId: 'b', phone: '+1' }),
      user({ aliasName: 'n', aliasLabel: 'l', email: 'a@b.c' }),
      toDelete({ externalId: 'u', brazeId: 'b' }),
    ],
    accepted: [
      user({ externalId: 'u', brazeId: '', aliasName: '', aliasLabel: '', email: '', phone: '' }),
      user({ email: 'a@b.c', phone: '+1' }),
      toDelete({ externalId: 'u', email: 'a@b.c', phone: '+1' }),
    ],
  },
  alias_incomplete: {
    rejected: [
      user({ aliasName: 'n' }),
      user({ aliasLabel: 'l', aliasName: '' }),
      user({ externalId: 'u', aliasLabel: 'l' }),
      user({ email: 'a@b.c', aliasName: 'n' }),
      toDelete({ aliasName: 'n' }),
    ],
    accepted: [user({ aliasName: 'n', aliasLabel: 'l' }), toDelete({ aliasName: 'n', aliasLabel: 'l' })],
  },
  identifier_broken_text: {
    rejected: [
      user({ externalId: 'u\ud800' }),
      user({ externalId: 'u\0' }),
      user({ brazeId: '\udc00' }),
      user({ aliasName: 'n', aliasLabel: '\ud800' }),
      user({ aliasName: '\ud800', aliasLabel: 'l' }),
      user({ email: '\ud800@b.c' }),
      user({ phone: '+1\0' }),
      toDelete({ externalId: 'u\ud800' }),
    ],
    accepted: [user({ externalId: 'u\ud83d\ude00' }), user({ externalId: '\ufffd' })],
  },
  external_id_too_long: {
    rejected: [user({ externalId: 'x'.repeat(988) }), user({ externalId: 'é'.repeat(494) })],
    accepted: [user({ externalId: 'x'.repeat(987) }), user({ externalId: `x${'é'.repeat(493)}` })],
  },
  payload_missing: {
    rejected: [
      [row({ externalId: 'u' }), ATTRIBUTES],
      [row({ externalId: 'u', payload: '' }), EVENTS],
      [row({ id: 'i' }), CATALOG],
      [row({ id: 'i', deleted: false }), CATALOG],
    ],
    accepted: [attributes('{}'), [row({ id: 'i', deleted: true }), CATALOG]],
  },
  payload_too_large: {
    rejected: [attributes(payloadOf(1_048_577))],
    accepted: [attributes(payloadOf(1_048_576))],
  },
  payload_not_json: {
    rejected: [attributes("{'a':1}"), attributes(' '), item('{"a":1'), [userRow('{"name":"e",}'), EVENTS]],
    accepted: [attributes(' {"a":1}\n')],
  },
  payload_not_object: {
    rejected: [
      attributes('[{"a":1}]'),
      attributes('"{}"'),
      attributes('null'),
      [userRow([{ name: 'e' }]), EVENTS],
      [userRow([{ product_id: 'p', currency: 'EUR', price: 1 }]), PURCHASES],
      item('[]'),
    ],
    accepted: [attributes('{"a":[{"a":1}]}')],
  },
  payload_duplicate_key: {
    rejected: [
      attributes('{"a":1,"a":1}'),
      [userRow('{"name":"e","properties":{"a":1,"a":2}}'), EVENTS],
      item('{"a":1,"\\u0061":1}'),
    ],
    accepted: [attributes('{"a":{"a":1},"A":1}')],
  },
  payload_broken_unicode: {
    rejected: [attributes('{"a":"\\ud800"}'), attributes('{"\ud800":1}'), item('{"a":"\\ud800"}')],
    accepted: [attributes('{"a":"\\ud83d\\ude00 \ud83d\ude00 \ufffd \\u0000"}')],
  },
  payload_too_deep: {
    rejected: [attributes(levels(501))],
    accepted: [attributes(levels(500))],
  },
  payload_identifier: {
    rejected: [
      attributes({ external_id: 'u1' }),
      attributes({ a: 1, external_id: null }),
      attributes({ user_alias: { alias_name: 'n', alias_label: 'l' } }),
      attributes({ alias_name: 'n' }),
      attributes({ alias_label: 'l' }),
      attributes({ braze_id: 'b' }),
      attributes('{"\\u0065xternal_id":"u2"}'),
      event({ external_id: 'u2' }),
      event({ email: 'a@b.c' }),
      purchase({ phone: '+1' }),
      user({ email: 'a@b.c', payload: '{"email":"x@b.c"}' }),
      user({ phone: '+1', payload: '{"phone":"+2"}' }),
      user({ phone: '+1', payload: '{"email":"x@b.c"}' }),
    ],
    accepted: [
      attributes({ email: 'a@b.c', phone: '+1' }),
      user({ email: 'a@b.c', payload: '{"phone":"+1"}' }),
      user({ aliasName: 'n', aliasLabel: 'l', payload: '{"email":"a@b.c"}' }),
      attributes({ EXTERNAL_ID: 'u2', a: { external_id: 'u2' } }),
      withProperties({ external_id: 'u2', email: 'a@b.c' }),
    ],
  },
  update_existing_only_invalid: {
    rejected: [
      attributes({ _update_existing_only: 'true' }),
      attributes({ _update_existing_only: null }),
      [userRow({ _update_existing_only: false }), rules('attributes', true)],
      [userRow({ name: 'e', _update_existing_only: false }), rules('events', true)],
    ],
    accepted: [
      attributes({ _update_existing_only: true }),
      attributes({ _update_existing_only: false }),
      [userRow({ _update_existing_only: true }), rules('attributes', true)],
    ],
  },
  attributes_too_many: {
    rejected: [attributes(keys(251))],
    accepted: [attributes(keys(250)), attributes({ a: keys(251) })],
  },
  subscription_state_invalid: {
    rejected: [
      attributes({ email_subscribe: 'yes' }),
      attributes({ email_subscribe: true }),
      attributes({ push_subscribe: 'Subscribed' }),
    ],
    accepted: [
      attributes({ email_subscribe: 'opted_in', push_subscribe: 'unsubscribed' }),
      attributes({ email_subscribe: null, push_subscribe: 'subscribed' }),
    ],
  },
  subscription_groups_invalid: {
    rejected: [
      attributes({ subscription_groups: 'g' }),
      attributes({ subscription_groups: { subscription_group_id: 'g', subscription_state: 'subscribed' } }),
      attributes({ subscription_groups: ['g'] }),
      attributes({ subscription_groups: [null] }),
      attributes({
        subscription_groups: [
          { subscription_group_id: 'g', subscription_state: 'subscribed' },
          { subscription_group_id: 'h', subscription_state: 'opted_in' },
        ],
      }),
      attributes({ subscription_groups: [{ subscription_state: 'subscribed' }] }),
      attributes({ subscription_groups: [{ subscription_group_id: '', subscription_state: 'subscribed' }] }),
      attributes({ subscription_groups: [{ subscription_group_id: 'g', subscription_state: 'opted_in' }] }),
      attributes({ subscription_groups: [{ subscription_group_id: 'g' }] }),
      attributes({
        subscription_groups: [
          { subscription_group_id: 'g', subscription_state: 'subscribed', use_double_opt_in_logic: 'true' },
        ],
      }),
    ],
    accepted: [
      attributes({
        subscription_groups: [
          { subscription_group_id: 'g', subscription_state: 'subscribed', use_double_opt_in_logic: true },
          { subscription_group_id: 'h', subscription_state: 'unsubscribed' },
        ],
      }),
      attributes({ subscription_groups: null }),
      attributes({ subscription_groups: [] }),
    ],
  },
  nested_key_invalid: {
    rejected: [
      attributes({ a: { 'b c': 1 } }),
      attributes({ a: { 'b.c': 1 } }),
      attributes({ a: { b: { $c: 1 } } }),
      attributes({ a: [{ 'b.c': 1 }] }),
      attributes({ a: { $add: [{ 'b c': 1 }] } }),
      attributes({ a: { add: [{ 'b c': 1 }] } }),
      attributes({ a: { add: ['x', { 'b c': 1 }] } }),
      attributes({ a: { inc: 1, 'b c': 1 } }),
      attributes({ a: { inc: { 'b c': 1 } } }),
      attributes({ a: { ['k'.repeat(256)]: 1 } }),
    ],
    accepted: [
      attributes({ 'a b.c$': 1, a: { ['k'.repeat(255)]: 1 } }),
      attributes({
        a: { $update: [{ $identifier_key: 'id', $identifier_value: 1, $new_object: { b: 2 } }] },
      }),
      attributes({ a: { $add: [{ id: 1 }], $remove: [{ $identifier_key: 'id', $identifier_value: 2 }] } }),
      attributes({ current_location: { longitude: 1, latitude: 2 }, facebook: { 'a b': 1 } }),
      attributes({ current_location: { 'a b': 1 }, twitter: { 'a b': 1 } }),
    ],
  },
  nested_value_too_long: {
    rejected: [
      attributes({ a: { b: 'x'.repeat(256) } }),
      attributes({ a: [{ b: ['x'.repeat(256)] }] }),
      attributes({ a: { b: '\ud83d\ude00'.repeat(256) } }),
    ],
    accepted: [
      attributes({ a: { b: 'x'.repeat(255) } }),
      attributes({ a: { b: '\ud83d\ude00'.repeat(255) } }),
      attributes({ a: 'x'.repeat(300), b: ['x'.repeat(300)] }),
      attributes({ a: { add: ['x'.repeat(300)] }, b: { remove: ['x'.repeat(300)] } }),
      attributes({ push_tokens: [{ app_id: 'a', token: 'x'.repeat(300) }] }),
    ],
  },
  nested_too_large: {
    rejected: [attributes({ a: objectOf(102_401) }), attributes({ a: [objectOf(102_399)] })],
    accepted: [attributes({ a: objectOf(102_400) }), attributes({ a: ['x'.repeat(200_000)] })],
  },
  operator_in_full_refresh: {
    rejected: [
      inFullRefresh({ a: { inc: 1 } }),
      inFullRefresh({ a: { add: ['x'] } }),
      inFullRefresh({ a: { $add: [{ b: 1 }] } }),
      inFullRefresh({ _merge_objects: true, a: { b: 1 } }),
    ],
    accepted: [inFullRefresh({ a: 1, b: { c: 2 }, d: [1] }), attributes({ a: { inc: 1 } })],
  },
  nested_time_invalid: {
    rejected: [
      attributes({ a: { $time: null } }),
      attributes({ a: { $time: 1_700_000_000 } }),
      attributes({ a: { $time: 20_260_131 } }),
      attributes({ a: { b: { $time: '31.01.2026' } } }),
      attributes({ a: [{ $time: '2026-02-30' }] }),
      attributes({ a: { $time: '3001-01-01' } }),
    ],
    accepted: [attributes({ a: { $time: '2026-02-28' }, b: [{ c: { $time: '3000-12-31T23:59:59Z' } }] })],
  },
  event_name_invalid: {
    rejected: [
      [userRow({}), EVENTS],
      [userRow({ name: '' }), EVENTS],
      [userRow({ name: 1 }), EVENTS],
      [userRow({ name: null }), EVENTS],
      [userRow({ Name: 'e' }), EVENTS],
    ],
    accepted: [[userRow({ name: ' ' }), EVENTS]],
  },
  time_invalid: {
    rejected: [
      event({ time: 1_700_000_000 }),
      event({ time: 20_260_131 }),
      event({ time: null }),
      event({ time: '' }),
      event({ time: 'yesterday' }),
      event({ time: '2026-13-01T00:00:00Z' }),
      purchase({ time: '2026-02-29' }),
    ],
    accepted: [
      event({ time: '2026-01-31T10:15:00Z' }),
      purchase({ time: '2024-02-29' }),
      event({ properties: { a: 'time' } }),
    ],
  },
  updated_at_invalid: {
    rejected: [
      [userRow({ name: 'e' }, { updatedAt: 'infinity' }), EVENTS],
      [userRow({ name: 'e' }, { updatedAt: '12026-01-31 10:15:00.000000' }), EVENTS],
    ],
    accepted: [[userRow({ name: 'e', time: '2026-01-31' }, { updatedAt: 'infinity' }), EVENTS]],
  },
  app_id_invalid: {
    rejected: [event({ app_id: 1 }), purchase({ app_id: {} })],
    accepted: [event({ app_id: 'a' }), purchase({ app_id: null })],
  },
  properties_invalid: {
    rejected: [withProperties([]), withProperties('{}'), purchase({ properties: 1 })],
    accepted: [withProperties({}), withProperties(null)],
  },
  property_name_invalid: {
    rejected: [
      withProperties({ '': 1 }),
      withProperties({ $a: 1 }),
      withProperties({ time: '2026-01-31' }),
      withProperties({ event_name: 'x' }),
      withProperties({ ['k'.repeat(256)]: 1 }),
      purchase({ properties: { $a: 1 } }),
    ],
    accepted: [
      withProperties({ a$: 1, 'b c.d': 2, Time: 3, ['k'.repeat(255)]: 4, nested: { time: 1, $time: 2 } }),
    ],
  },
  property_value_too_long: {
    rejected: [withProperties({ a: 'x'.repeat(256) }), purchase({ properties: { a: 'x'.repeat(256) } })],
    accepted: [withProperties({ a: 'x'.repeat(255) }), withProperties({ a: ['x'.repeat(256)] })],
  },
  properties_too_large: {
    rejected: [withProperties(objectOf(102_401)), purchase({ properties: objectOf(102_401) })],
    accepted: [
      withProperties(objectOf(102_400)),
      withProperties(
        Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`k${index}`, 'x'.repeat(250)])),
      ),
      withProperties({
        ...Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`k${index}`, 'x'.repeat(250)])),
        gone: null,
      }),
    ],
  },
  product_id_invalid: {
    rejected: [
      [userRow({ currency: 'EUR', price: 1 }), PURCHASES],
      purchase({ product_id: '' }),
      purchase({ product_id: 7 }),
      purchase({ product_id: 'x'.repeat(256) }),
    ],
    accepted: [purchase({ product_id: 'x'.repeat(255) })],
  },
  currency_invalid: {
    rejected: [
      [userRow({ product_id: 'p', price: 1 }), PURCHASES],
      purchase({ currency: 'usd' }),
      purchase({ currency: 'EURO' }),
      purchase({ currency: 'ABC' }),
      purchase({ currency: 978 }),
    ],
    accepted: [purchase({ currency: 'USD' }), purchase({ currency: 'HRK' })],
  },
  price_invalid: {
    rejected: [
      [userRow({ product_id: 'p', currency: 'EUR' }), PURCHASES],
      purchase({ price: '9.50' }),
      purchase({ price: null }),
    ],
    accepted: [purchase({ price: 0 }), purchase({ price: -1.5 })],
  },
  quantity_invalid: {
    rejected: [
      purchase({ quantity: 0 }),
      purchase({ quantity: 101 }),
      purchase({ quantity: 1.5 }),
      purchase({ quantity: -1 }),
      purchase({ quantity: '1' }),
    ],
    accepted: [
      purchase({ quantity: 1 }),
      purchase({ quantity: 10 }),
      purchase({ quantity: 99 }),
      purchase({ quantity: 100 }),
      purchase({ quantity: null }),
    ],
  },
  item_id_invalid: {
    rejected: [
      [row({ payload: '{}' }), CATALOG],
      [itemRow({}, { id: '' }), CATALOG],
      [itemRow({}, { id: 'a b' }), CATALOG],
      [itemRow({}, { id: 'a\n' }), CATALOG],
      [itemRow({}, { id: 'é' }), CATALOG],
      [itemRow({}, { id: 'x'.repeat(251) }), CATALOG],
      [row({ id: 'a.b', deleted: true }), CATALOG],
    ],
    accepted: [
      [itemRow({}, { id: 'x'.repeat(250) }), CATALOG],
      [itemRow({}, { id: 'A_z-09' }), CATALOG],
    ],
  },
  item_id_conflict: {
    rejected: [item({ id: 'i2' }), item({ a: 1, id: 1 }), item({ id: null })],
    accepted: [item({ id: 'i1' }), item({ ID: 'i2', a: { id: 'i2' } })],
  },
  item_value_too_long: {
    rejected: [
      item({ a: 'x'.repeat(5_001) }),
      item({ a: { b: ['x'.repeat(5_001)] } }),
      item({ a: ['x', 'x'.repeat(5_001)] }),
    ],
    accepted: [
      item({ a: 'x'.repeat(5_000) }),
      item({ a: '\ud83d\ude00'.repeat(5_000) }),
      item(`{"a":"${'\\u00e9'.repeat(5_000)}"}`),
      item({ a: ['x'.repeat(5_000), 'x'.repeat(5_000)] }),
    ],
  },
  item_too_deep: {
    rejected: [item({ a: levels(51) })],
    accepted: [item({ a: levels(50) })],
  },
  item_key_invalid: {
    rejected: [
      item({ a: { 'b.c': 1 } }),
      item({ a: [{ b: { $c: 1 } }] }),
      item({ a: { b: 1, 'c.d': 1 } }),
      item({ a: 1, b: { 'c.d': 1 } }),
    ],
    accepted: [item({ a: { 'b c': 1 } }), item({ a: ['b.c', '$'] })],
  },
};

describe.each(REJECTION_CODES)('%s', (code) => {
  const { rejected, accepted } = CASES[code];

  it('is given to rows with this flaw', () => {
    expect(rejected.map(([source, applied]) => codeOf(source, applied))).toEqual(rejected.map(() => code));
  });

  it('is not given to rows just within the limit', () => {
    expect(accepted.map(([source, applied]) => codeOf(source, applied))).toEqual(
      accepted.map(() => 'accepted'),
    );
  });

  it('is told in a sentence', () => {
    for (const [source, applied] of rejected) {
      const result = composeRow(source, applied);
      expect(result.outcome === 'rejected' && result.reason).toMatch(/^[A-Z`][^\n]{10,}$/);
    }
  });
});

describe('reasons', () => {
  it('name the field where one code serves several', () => {
    const reasonOf = ([source, applied]: [SourceRow, RowRules]): string => {
      const result = composeRow(source, applied);
      return result.outcome === 'rejected' ? result.reason : '';
    };
    expect(reasonOf(attributes({ braze_id: 'b' }))).toContain('`braze_id`');
    expect(reasonOf(attributes({ push_subscribe: 'x' }))).toContain('`push_subscribe`');
  });

  it('repeat the words of the original where they are known', () => {
    const result = composeRow(userRow(payloadOf(1_048_577)), ATTRIBUTES);
    expect(result.outcome === 'rejected' && result.reason).toBe('Payload was greater than 1MB');
  });

  it('hold nothing that stands in the row', () => {
    const planted = 'zqx';
    const bad: [SourceRow, RowRules][] = [
      user({ externalId: `${planted}\ud800` }),
      user({ externalId: planted, brazeId: planted }),
      attributes(`{"${planted}":1,"${planted}":1}`),
      attributes(planted),
      attributes({ external_id: planted }),
      attributes({ email_subscribe: planted }),
      attributes({ a: { [`${planted} `]: 1 } }),
      attributes({ [planted]: { $time: planted } }),
      event({ time: planted }),
      withProperties({ [`$${planted}`]: planted }),
      purchase({ currency: planted }),
      purchase({ quantity: planted }),
      item({ id: planted }),
      item({ [planted]: { [`${planted}.`]: 1 } }),
    ];
    for (const [source, applied] of bad) {
      const result = composeRow(source, applied);
      expect(result.outcome).toBe('rejected');
      expect(JSON.stringify(result)).not.toContain(planted);
    }
  });
});
