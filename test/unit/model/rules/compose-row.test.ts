import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RowRules } from '../../../../model/composed-object.ts';
import { scanJsonObject } from '../../../../model/json-text.ts';
import type { SourceRow } from '../../../../model/row.ts';
import { composeRow } from '../../../../model/rules/compose-row.ts';
import {
  ATTRIBUTES,
  CATALOG,
  EVENTS,
  PURCHASES,
  USER_DELETES,
  composed,
  itemRow,
  row,
  rules,
  userRow,
} from './rows.ts';

const textOf = (source: SourceRow, applied: RowRules): string => composed(source, applied).text;

describe('an identifier', () => {
  const payload = '{"a":1}';
  const byId = (fields: Partial<SourceRow>): string => textOf(row({ payload, ...fields }), ATTRIBUTES);

  it('of each kind becomes the member that Braze expects', () => {
    expect(byId({ externalId: 'u"1' })).toBe('{"external_id":"u\\"1","a":1}');
    expect(byId({ brazeId: 'b' })).toBe('{"braze_id":"b","a":1}');
    expect(byId({ email: 'a@b.c' })).toBe('{"email":"a@b.c","a":1}');
    expect(byId({ phone: '+1' })).toBe('{"phone":"+1","a":1}');
    expect(byId({ aliasName: 'n', aliasLabel: 'l' })).toBe(
      '{"user_alias":{"alias_name":"n","alias_label":"l"},"_update_existing_only":false,"a":1}',
    );
  });

  it('is the e-mail address where both it and the phone number are set', () => {
    expect(byId({ email: 'a@b.c', phone: '+1' })).toBe('{"email":"a@b.c","a":1}');
  });

  it('is spelled as the row spells it, blanks and case included', () => {
    expect(byId({ externalId: ' U ' })).toBe('{"external_id":" U ","a":1}');
    expect(byId({ email: 'A@B.c' })).toBe('{"email":"A@B.c","a":1}');
  });
});

describe('an identity', () => {
  const value = fc.oneof(
    fc.constantFrom('a', '["a","b"]', 'external_id:a', 'a","b'),
    fc.string({ minLength: 1 }),
  );
  const user = fc.oneof(
    value.map((externalId) => row({ externalId, payload: '{}' })),
    value.map((brazeId) => row({ brazeId, payload: '{}' })),
    value.map((phone) => row({ phone, payload: '{}' })),
    fc.tuple(value, value).map(([aliasName, aliasLabel]) => row({ aliasName, aliasLabel, payload: '{}' })),
  );

  it('is equal for the same user and for no one else', () => {
    fc.assert(
      fc.property(user, user, (one, other) => {
        const [first, second] = [composeRow(one, ATTRIBUTES), composeRow(other, ATTRIBUTES)];
        fc.pre(first.outcome === 'object' && second.outcome === 'object');
        expect(first.identity === second.identity).toBe(first.text === second.text);
      }),
    );
  });

  it('is the same for spellings of an e-mail address that differ in case', () => {
    const identityOf = (email: string): string =>
      composed(row({ email, payload: '{}' }), ATTRIBUTES).identity;
    expect(identityOf('A@b.c')).toBe(identityOf('a@B.C'));
    // Two letters that only look alike once they are capitals.
    expect(identityOf('stra\u00dfe@b.c')).not.toBe(identityOf('strasse@b.c'));
  });

  it('is the same for every data type of a user, and for upsert and delete of an item', () => {
    const identities = [
      composed(userRow({}), ATTRIBUTES),
      composed(userRow({ name: 'e' }), EVENTS),
      composed(row({ externalId: 'u1' }), USER_DELETES),
    ].map((object) => object.identity);
    expect(new Set(identities).size).toBe(1);
    expect(composed(itemRow({}), CATALOG).identity).toBe(
      composed(itemRow({}, { deleted: true }), CATALOG).identity,
    );
  });
});

describe('a payload', () => {
  const odd = ' {\n "price" : 12.50 , "big":9007199254740993,\t"caf\\u00e9":"\\/ 😀", "gone":null } \n';

  it('reaches Braze byte for byte, only its outer braces opened', () => {
    expect(textOf(userRow(odd), ATTRIBUTES)).toBe(
      '{"external_id":"u1",\n "price" : 12.50 , "big":9007199254740993,\t"caf\\u00e9":"\\/ 😀", "gone":null }',
    );
    expect(textOf(itemRow(odd), CATALOG)).toBe(
      '{"id":"i1",\n "price" : 12.50 , "big":9007199254740993,\t"caf\\u00e9":"\\/ 😀", "gone":null }',
    );
  });

  it('that is empty leaves an object without a stray comma', () => {
    expect(textOf(userRow(' { } '), ATTRIBUTES)).toBe('{"external_id":"u1"}');
    expect(textOf(itemRow('{}'), CATALOG)).toBe('{"id":"i1"}');
  });

  it('makes an object that is JSON, holds no key twice, and means what the row says', () => {
    const payloads = fc.oneof(
      fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 5 }),
      fc.record({ name: fc.string(), properties: fc.dictionary(fc.string(), fc.jsonValue()) }),
    );
    const dataType = fc.constantFrom<RowRules['dataType']>('attributes', 'events', 'catalog');
    fc.assert(
      fc.property(
        payloads,
        dataType,
        fc.boolean(),
        fc.nat({ max: 4 }),
        (payload, type, updateOnly, indent) => {
          const source = userRow(JSON.stringify(payload, undefined, indent), { id: 'i1' });
          const result = composeRow(source, rules(type, updateOnly));
          fc.pre(result.outcome === 'object');
          expect(scanJsonObject(result.text).outcome).toBe('object');
          expect(JSON.parse(result.text)).toMatchObject(JSON.parse(JSON.stringify(payload)) as object);
        },
      ),
    );
  });
});

describe('update existing only', () => {
  const alias = { externalId: null, aliasName: 'n', aliasLabel: 'l' };

  it('is told to Braze for every user where the sync asks for it', () => {
    expect(textOf(userRow({ a: 1 }), rules('attributes', true))).toBe(
      '{"external_id":"u1","_update_existing_only":true,"a":1}',
    );
    expect(textOf(userRow({ a: 1 }, alias), rules('attributes', true))).toContain(
      ',"_update_existing_only":true,',
    );
    expect(textOf(userRow({ name: 'e', time: '2026-01-31' }), rules('events', true))).toBe(
      '{"external_id":"u1","_update_existing_only":true,"name":"e","time":"2026-01-31"}',
    );
  });

  it('is denied only where Braze would not create an alias otherwise', () => {
    expect(textOf(userRow({ a: 1 }), ATTRIBUTES)).toBe('{"external_id":"u1","a":1}');
    expect(textOf(userRow({ a: 1 }, alias), ATTRIBUTES)).toContain(',"_update_existing_only":false,');
    expect(textOf(userRow({ name: 'e' }, alias), EVENTS)).not.toContain('_update_existing_only');
  });

  it('may be narrowed by the payload, which then stands in its place', () => {
    expect(textOf(userRow({ _update_existing_only: true, a: 1 }), ATTRIBUTES)).toBe(
      '{"external_id":"u1","_update_existing_only":true,"a":1}',
    );
    const text = textOf(userRow({ _update_existing_only: true }, alias), ATTRIBUTES);
    expect(text.match(/_update_existing_only/g)).toHaveLength(1);
    expect(text).toContain('true');
  });
});

describe('attributes', () => {
  const isMergeable = (payload: object): boolean =>
    composed(userRow(payload), ATTRIBUTES).mergeable !== undefined;

  it('may merge where a later write replaces an earlier one', () => {
    expect(isMergeable({})).toBe(true);
    expect(isMergeable({ a: 1, b: 'x', c: null, d: [1], e: { f: 1 }, g: [{ h: 1 }] })).toBe(true);
    expect(isMergeable({ a: { $time: '2026-01-31' }, current_location: { longitude: 1, latitude: 2 } })).toBe(
      true,
    );
    expect(isMergeable({ email: 'a@b.c', email_subscribe: 'subscribed' })).toBe(true);
  });

  it.each([
    { a: { inc: 1 } },
    { a: { add: ['x'] } },
    { a: { remove: ['x'] } },
    { a: { $add: [{ id: 1 }] } },
    { a: { $remove: [{ $identifier_key: 'id', $identifier_value: 1 }] } },
    { a: { $update: [{ $identifier_key: 'id', $identifier_value: 1, $new_object: { b: 1 } }] } },
    { a: { b: { inc: 1 } } },
    { a: { b: { add: ['x'] } } },
    { a: { b: { remove: ['x'] } } },
    { a: [{ $add: [1] }] },
    { a: 1, _merge_objects: true },
    { a: 1, _merge_objects: 'true' },
    { a: 1, _update_existing_only: true },
    { subscription_groups: [{ subscription_group_id: 'g', subscription_state: 'subscribed' }] },
    { push_tokens: [] },
    { push_token_import: true },
  ])('go alone, whole, with the operator in %j', (payload) => {
    const object = composed(userRow(payload), ATTRIBUTES);
    expect(object).toMatchObject({ outcome: 'object', kind: 'attributes', identity: 'external_id:u1' });
    expect(object.mergeable).toBeUndefined();
    expect(JSON.parse(object.text)).toEqual({ external_id: 'u1', ...payload });
  });

  it('tell what to merge by: the object up to its payload, and the members as written', () => {
    expect(composed(userRow('{ "a" : 1, "b":{} }'), rules('attributes', true))).toMatchObject({
      kind: 'attributes',
      mergeable: {
        prefix: '{"external_id":"u1","_update_existing_only":true',
        members: [
          { key: 'a', text: '"a" : 1' },
          { key: 'b', text: '"b":{}' },
        ],
      },
    });
  });
});

describe('an event', () => {
  it('happened at UPDATED_AT where it has no time, at full precision', () => {
    expect(composed(userRow({ name: 'e' }, { updatedAt: '2026-01-31 10:15:00.123456' }), EVENTS)).toEqual({
      outcome: 'object',
      kind: 'events',
      identity: 'external_id:u1',
      text: '{"external_id":"u1","time":"2026-01-31T10:15:00.123456Z","name":"e"}',
    });
    expect(textOf(userRow({ name: 'e' }, { updatedAt: '2026-01-31T10:15:00.123456789' }), EVENTS)).toContain(
      '"time":"2026-01-31T10:15:00.123456789Z"',
    );
  });

  it('keeps the time it has, and keys that Braze may know', () => {
    expect(composed(userRow('{"name":"e","time":"2026-01-31 10:15:00+01:00","x":1}'), EVENTS)).toEqual({
      outcome: 'object',
      kind: 'events',
      identity: 'external_id:u1',
      text: '{"external_id":"u1","name":"e","time":"2026-01-31 10:15:00+01:00","x":1}',
    });
  });

  it('never merges', () => {
    expect(composed(userRow({ name: 'e' }), EVENTS).mergeable).toBeUndefined();
  });
});

describe('a purchase', () => {
  it('keeps its price as written and happened at UPDATED_AT where it has no time', () => {
    expect(composed(userRow('{"product_id":"p","currency":"EUR","price":12.50}'), PURCHASES)).toEqual({
      outcome: 'object',
      kind: 'purchases',
      identity: 'external_id:u1',
      text: '{"external_id":"u1","time":"2026-01-31T10:15:00.123456Z","product_id":"p","currency":"EUR","price":12.50}',
    });
  });
});

describe('a user delete', () => {
  it('is the identifier, in the request of its kind', () => {
    expect(composed(row({ externalId: 'u"1' }), USER_DELETES)).toEqual({
      outcome: 'object',
      kind: 'delete_external_ids',
      identity: 'external_id:u"1',
      text: '"u\\"1"',
    });
    expect(composed(row({ brazeId: 'b' }), USER_DELETES)).toMatchObject({
      kind: 'delete_braze_ids',
      text: '"b"',
    });
    expect(composed(row({ aliasName: 'n', aliasLabel: 'l' }), USER_DELETES)).toMatchObject({
      kind: 'delete_user_aliases',
      text: '{"alias_name":"n","alias_label":"l"}',
    });
  });
});

describe('a catalog item', () => {
  it('is deleted whatever its payload holds', () => {
    for (const payload of [null, 'no JSON', '{"id":"i2"}']) {
      expect(composed(row({ id: 'i1', payload, deleted: true }), CATALOG)).toEqual({
        outcome: 'object',
        kind: 'catalog_delete',
        identity: 'item:i1',
        text: '{"id":"i1"}',
      });
    }
  });

  it('is put in place otherwise', () => {
    for (const deleted of [null, false]) {
      expect(composed(itemRow('{"a":1}', { deleted }), CATALOG)).toEqual({
        outcome: 'object',
        kind: 'catalog_upsert',
        identity: 'item:i1',
        text: '{"id":"i1","a":1}',
      });
    }
  });

  it('stands as written where the payload repeats its id', () => {
    expect(textOf(itemRow('{"a":1, "id" : "i1"}'), CATALOG)).toBe('{"a":1, "id" : "i1"}');
  });
});
