/** Each data type from table to Braze: what is held there equals the table, and bad rows are on record. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RunRecord } from '../../../store/runs.ts';
import type { ProfileView } from '../../braze-simulator/control-types.ts';
import { type Installation, install } from '../../support/installation.ts';
import { rejectedRows } from '../../support/rejected-rows.ts';
import { runToEnd } from '../../support/run-to-end.ts';
import {
  ATTRIBUTE_COLUMNS,
  CATALOG_COLUMNS,
  DELETE_COLUMNS,
  EVENT_COLUMNS,
  type TableRow,
  addRows,
  createTable,
  instant,
  ledgerInstant,
} from '../../support/source-table.ts';

let installation: Installation;

beforeAll(async () => {
  installation = await install('types');
  await installation.startWorker();
});

afterAll(() => installation[Symbol.asyncDispose]());

beforeEach(() => installation.braze.client.reset());

/** Rows at one-millisecond steps, in the order given. */
const timed = (rows: readonly TableRow[]): TableRow[] =>
  rows.map((row, index) => ({ updated_at: instant(index), ...row }));

async function sync(
  name: string,
  dataType: string,
  columns: Readonly<Record<string, string>>,
  rows: readonly TableRow[],
  more: Readonly<Record<string, unknown>> = {},
): Promise<RunRecord> {
  const table = name.replaceAll('-', '_');
  await createTable(installation.source, table, columns, rows);
  await installation.declare({ name, table, data_type: dataType, ...more });
  return runToEnd(installation.session, name);
}

const reasons = async ({ sync: name, id }: RunRecord): Promise<string[]> =>
  (await rejectedRows(installation.session, name, id)).map(({ code }) => code);

const profileOf = (profiles: readonly ProfileView[], externalId: string): ProfileView | undefined =>
  profiles.find((profile) => profile.external_id === externalId);

describe('attributes', () => {
  const user = (id: string, payload: string): TableRow => ({ external_id: id, payload });

  test('values arrive as written; later ones win; operators, null and groups do what they say', async () => {
    const rows = timed([
      user(
        'plain',
        '{"price":12.50,"big":9007199254740993,"small":1e-7,"emoji":"👩‍🚀 é","nested":{"a":[1,2.0]}}',
      ),
      user('merged', '{"x":1,"y":1}'),
      user('merged', '{"x":2.0}'),
      user('merged', '{"y":null,"z":"late"}'),
      user('counted', '{"points":10,"tags":["a"]}'),
      user('counted', '{"points":{"inc":5}}'),
      user('counted', '{"points":{"inc":-2},"tags":{"add":["b"]}}'),
      user('counted', '{"tags":{"remove":["a"]}}'),
      user('pets', '{"pets":[{"id":1,"name":"Rex"}]}'),
      user('pets', '{"pets":{"$add":[{"id":2,"name":"Tom"}]}}'),
      user('pets', '{"pets":{"$remove":[{"$identifier_key":"id","$identifier_value":1}]}}'),
      user('address', '{"home":{"street":"Main","zip":"1"}}'),
      user('address', '{"home":{"zip":"2"},"_merge_objects":true}'),
      user(
        'groups',
        '{"subscription_groups":[{"subscription_group_id":"g1","subscription_state":"subscribed"}]}',
      ),
      user(
        'groups',
        '{"subscription_groups":[{"subscription_group_id":"g1","subscription_state":"unsubscribed"}]}',
      ),
      user('empty', '{}'),
    ]);
    const run = await sync('attributes-values', 'attributes', ATTRIBUTE_COLUMNS, rows);
    expect(run).toMatchObject({ status: 'success', counts: { read: 16, sent: 16, rejected: 0 } });

    const profiles = await installation.braze.client.profiles();
    const held = (id: string): Readonly<Record<string, string>> | undefined =>
      profileOf(profiles, id)?.attributes;
    expect(held('plain')).toEqual({
      price: '12.50',
      big: '9007199254740993',
      small: '1e-7',
      emoji: '"👩‍🚀 é"',
      nested: '{"a":[1,2.0]}',
    });
    expect(held('merged')).toEqual({ x: '2.0', z: '"late"' });
    expect(held('counted')).toEqual({ points: '13', tags: '["b"]' });
    expect(held('pets')).toEqual({ pets: '[{"id":2,"name":"Tom"}]' });
    expect(held('address')).toEqual({ home: '{"street":"Main","zip":"2"}' });
    expect(profileOf(profiles, 'groups')?.subscription_groups).toEqual({ g1: 'unsubscribed' });
    expect(held('empty')).toEqual({});
    expect((await installation.braze.client.state()).violations).toEqual({ inFlight: 0, withinRequest: 0 });
  });

  test('every kind of identifier finds its user', async () => {
    await installation.braze.client.addProfiles([{ braze_id: 'bz1' }]);
    const rows = timed([
      { external_id: 'ext', payload: '{"via":"external_id","email":"field@example.com"}' },
      { alias_name: 'al"ias', alias_label: 'crm', payload: '{"via":"alias"}' },
      { email: 'ann@example.com', payload: '{"via":"email"}' },
      { phone: '+15550100', payload: '{"via":"phone"}' },
      { email: 'both@example.com', phone: '+15550101', payload: '{"via":"the address of two"}' },
      { braze_id: 'bz1', payload: '{"via":"braze_id"}' },
      { braze_id: 'unknown', payload: '{"via":"braze_id"}' },
    ]);
    const run = await sync('attributes-who', 'attributes', ATTRIBUTE_COLUMNS, rows);
    expect(run).toMatchObject({ status: 'success', counts: { read: 7, sent: 7, rejected: 0 } });

    const profiles = await installation.braze.client.profiles();
    const via = (found: ProfileView | undefined): string | undefined => found?.attributes['via'];
    const byAttribute = (name: string, raw: string): ProfileView | undefined =>
      profiles.find((profile) => profile.attributes[name] === raw);
    expect(profiles).toHaveLength(6);
    expect(profileOf(profiles, 'ext')?.attributes).toEqual({
      via: '"external_id"',
      email: '"field@example.com"',
    });
    expect(via(profiles.find(({ user_aliases: [alias] }) => alias?.alias_name === 'al"ias'))).toBe('"alias"');
    expect(via(byAttribute('email', '"ann@example.com"'))).toBe('"email"');
    expect(via(byAttribute('phone', '"+15550100"'))).toBe('"phone"');
    expect(via(byAttribute('email', '"both@example.com"'))).toBe('"the address of two"');
    expect(via(profiles.find((profile) => profile.braze_id === 'bz1'))).toBe('"braze_id"');
    expect((await installation.braze.client.state()).dropped).toEqual({ unknown_user: 1 });
  });

  test('update_existing_only makes no profile, and a payload cannot widen it', async () => {
    await installation.braze.client.addProfiles([{ external_id: 'known', attributes: { a: 0 } }]);
    const rows = timed([
      user('known', '{"a":1}'),
      user('unknown', '{"a":1}'),
      user('unknown', '{"a":2,"_update_existing_only":false}'),
      { alias_name: 'unknown', alias_label: 'crm', payload: '{"a":1}' },
    ]);
    const run = await sync('attributes-existing', 'attributes', ATTRIBUTE_COLUMNS, rows, {
      update_existing_only: true,
    });
    expect(run).toMatchObject({ status: 'partial', counts: { read: 4, sent: 3, rejected: 1 } });
    expect(await reasons(run)).toEqual(['update_existing_only_invalid']);
    const profiles = await installation.braze.client.profiles();
    expect(profiles.map(({ external_id: id, attributes }) => [id, attributes])).toEqual([
      ['known', { a: '1' }],
    ]);
  });

  test('rejected rows are kept whole, with a code each, and hold nobody up', async () => {
    const bad: readonly (readonly [code: string, row: TableRow])[] = [
      ['identifier_missing', { payload: '{"a":1}' }],
      ['identifiers_conflict', { external_id: 'x', braze_id: 'y', payload: '{"a":1}' }],
      ['alias_incomplete', { alias_name: 'x', payload: '{"a":1}' }],
      ['external_id_too_long', user('x'.repeat(988), '{"a":1}')],
      ['payload_missing', { external_id: 'x' }],
      ['payload_not_json', user('x', '{"a":1,}')],
      ['payload_not_object', user('x', '[{"a":1}]')],
      ['payload_duplicate_key', user('x', '{"a":1,"\\u0061":2}')],
      ['payload_broken_unicode', user('x', '{"a":"\\ud83d"}')],
      ['payload_identifier', user('x', '{"external_id":"somebody else"}')],
      [
        'attributes_too_many',
        user('x', JSON.stringify(Object.fromEntries(Array.from({ length: 251 }, (_, n) => [`a${n}`, n])))),
      ],
      ['subscription_state_invalid', user('x', '{"email_subscribe":"maybe"}')],
      ['subscription_groups_invalid', user('x', '{"subscription_groups":{}}')],
      ['nested_key_invalid', user('x', '{"home":{"a.b":1}}')],
      ['nested_time_invalid', user('x', '{"since":{"$time":"yesterday"}}')],
      ['payload_too_large', user('x', `{"a":"${'é'.repeat(524_288)}"}`)],
    ];
    const rows = timed(bad.flatMap(([, row], index) => [row, user(`good${index}`, `{"n":${index}}`)]));
    const run = await sync('attributes-bad', 'attributes', ATTRIBUTE_COLUMNS, rows);
    expect(run).toMatchObject({
      status: 'partial',
      counts: { read: rows.length, sent: bad.length, rejected: bad.length },
      watermarkAfter: ledgerInstant(rows.length - 1),
    });
    const rejected = await rejectedRows(installation.session, 'attributes-bad', run.id);
    expect(rejected.map(({ code, origin, row }) => ({ code, origin, row }))).toEqual(
      bad.map(([code, row], index) => ({
        code,
        origin: 'validation',
        row: {
          updatedAt: ledgerInstant(index * 2),
          externalId: row['external_id'] ?? null,
          aliasName: row['alias_name'] ?? null,
          aliasLabel: row['alias_label'] ?? null,
          brazeId: row['braze_id'] ?? null,
          email: null,
          phone: null,
          id: null,
          payload: row['payload'] ?? null,
          deleted: null,
        },
      })),
    );
    const profiles = await installation.braze.client.profiles();
    expect(profiles.map((profile) => profile.external_id).sort()).toEqual(
      bad.map((_, n) => `good${n}`).sort(),
    );
  });

  test('thousands of updates in pages that split users end at the last values of the table', async () => {
    const USERS = 40;
    const expected = new Map<string, Map<string, string>>();
    const rows = timed(
      Array.from({ length: 3_000 }, (_, n): TableRow => {
        const id = `u${(n * n * 7 + n) % USERS}`;
        const held = expected.get(id) ?? new Map<string, string>();
        expected.set(id, held);
        const key = `k${n % 5}`;
        if (n % 11 === 0) {
          held.set('total', String(BigInt(held.get('total') ?? '0') + BigInt(n)));
          return user(id, `{"total":{"inc":${n}}}`);
        }
        if (n % 13 === 0) {
          held.delete(key);
          return user(id, `{"${key}":null}`);
        }
        held.set(key, `${n}.0`);
        return user(id, `{"${key}":${n}.0}`);
      }),
    );
    const run = await sync('attributes-many', 'attributes', ATTRIBUTE_COLUMNS, rows, {
      options: { page_size: 170, segment_rows: 700 },
    });
    expect(run).toMatchObject({ status: 'success', counts: { read: 3_000, sent: 3_000, rejected: 0 } });
    const profiles = await installation.braze.client.profiles();
    expect(Object.fromEntries(profiles.map(({ external_id: id, attributes }) => [id, attributes]))).toEqual(
      Object.fromEntries(Array.from(expected, ([id, held]) => [id, Object.fromEntries(held)])),
    );
    const { violations, dropped, received } = await installation.braze.client.state();
    expect({ violations, dropped }).toEqual({ violations: { inFlight: 0, withinRequest: 0 }, dropped: {} });
    expect(received.attributes).toBeLessThan(3_000);
  });
});

describe('events', () => {
  const TIME = '"time":"2026-01-01T00:00:00Z"';

  test('each row is one event, its payload byte for byte; UPDATED_AT stands in for a time', async () => {
    const payloads = [
      `{"name":"a",${TIME},"properties":{"price":12.50,"big":9007199254740993,"e":1E3}}`,
      `{ "name" : "b" , ${TIME} ,\n\t"properties" : { "emoji" : "👩‍🚀", "escape" : "\\u00e9\\/" } }`,
      `{"name":"twice",${TIME}}`,
      `{"name":"twice",${TIME}}`,
    ];
    const rows = [
      ...timed(payloads.slice(0, 2).map((payload) => ({ external_id: 'u', payload }))),
      // Two rows that are equal in every column are two events.
      ...payloads.slice(2).map((payload) => ({ updated_at: instant(5), external_id: 'u', payload })),
      { updated_at: '2026-01-01T00:00:01.123456Z', external_id: 'u', payload: '{"name":"untimed"}' },
    ];
    const run = await sync('events-bytes', 'events', EVENT_COLUMNS, rows);
    expect(run).toMatchObject({ status: 'success', counts: { read: 5, sent: 5, rejected: 0 } });
    const events = await installation.braze.client.events();
    expect(events.map(({ text }) => text)).toEqual([
      ...payloads.map((payload) => `{"external_id":"u",${payload.slice(1)}`),
      '{"external_id":"u","time":"2026-01-01T00:00:01.123456Z","name":"untimed"}',
    ]);
  });

  test('payloads of a whole megabyte fill requests by bytes, and a byte more is too large', async () => {
    const payloadOf = (bytes: number): string => {
      const head = `{"name":"big",${TIME},"filler":"`;
      return `${head}${'x'.repeat(bytes - head.length - 2)}"}`;
    };
    const MEGABYTE = 1_048_576;
    const rows = timed([
      ...Array.from({ length: 9 }, (_, n) => ({ external_id: `u${n}`, payload: payloadOf(MEGABYTE) })),
      { external_id: 'too large', payload: payloadOf(MEGABYTE + 1) },
      { external_id: 'small', payload: payloadOf(100) },
    ]);
    const run = await sync('events-large', 'events', EVENT_COLUMNS, rows);
    expect(run).toMatchObject({
      status: 'partial',
      counts: { read: 11, sent: 10, rejected: 1, requests: 3 },
    });
    expect(await reasons(run)).toEqual(['payload_too_large']);
    const lengths = (await installation.braze.client.events()).map(({ text }) => text.length);
    const prefix = '{"external_id":"u0",'.length - 1;
    expect(lengths.filter((length) => length === MEGABYTE + prefix)).toHaveLength(9);
    expect((await installation.braze.client.state()).requests['POST /users/track']).toEqual({ '201': 3 });
  });

  test('events that cannot be are rejected by name, and an alias makes no user', async () => {
    const event = (payload: string): TableRow => ({ external_id: 'u', payload });
    const rows = timed([
      event(`{${TIME}}`),
      event('{"name":"e","time":"yesterday"}'),
      event(`{"name":"e",${TIME},"properties":[]}`),
      event(`{"name":"e",${TIME},"properties":{"$x":1}}`),
      event(`{"name":"e",${TIME},"properties":{"x":"${'y'.repeat(256)}"}}`),
      event(`{"name":"e",${TIME},"app_id":7}`),
      event(`{"name":"e",${TIME},"email":"ann@example.com"}`),
      event(`{"name":"good",${TIME}}`),
      { alias_name: 'nobody', alias_label: 'crm', payload: `{"name":"e",${TIME}}` },
    ]);
    const run = await sync('events-bad', 'events', ATTRIBUTE_COLUMNS, rows);
    expect(run).toMatchObject({ status: 'partial', counts: { read: 9, sent: 2, rejected: 7 } });
    expect(await reasons(run)).toEqual([
      'event_name_invalid',
      'time_invalid',
      'properties_invalid',
      'property_name_invalid',
      'property_value_too_long',
      'app_id_invalid',
      'payload_identifier',
    ]);
    const { events, dropped } = await installation.braze.client.state();
    expect({ events, dropped }).toEqual({ events: 1, dropped: { unknown_user: 1 } });
  });
});

test('purchases: prices byte for byte, rules of their own, and what only Braze refuses', async () => {
  const TIME = '"time":"2026-01-01T00:00:00Z"';
  const good = [
    `{"product_id":"p","currency":"USD","price":12.50,${TIME}}`,
    `{"product_id":"p","currency":"JPY","price":-1e3,"quantity":100,${TIME}}`,
    `{"product_id":"p","currency":"USD","price":12.50,${TIME}}`,
  ];
  // Within the 100 KB that one page of Braze gives, beyond the 50 KB of the other.
  const refused = `{"product_id":"p","currency":"USD","price":1,${TIME},"properties":{"list":[${'1,'.repeat(30_000)}1]}}`;
  const purchase = (payload: string): TableRow => ({ external_id: 'u', payload });
  const rows = timed([
    ...good.map(purchase),
    purchase(refused),
    purchase(`{"currency":"USD","price":1,${TIME}}`),
    purchase(`{"product_id":"p","currency":"usd","price":1,${TIME}}`),
    purchase(`{"product_id":"p","currency":"USD","price":"1",${TIME}}`),
    purchase(`{"product_id":"p","currency":"USD","price":1,"quantity":101,${TIME}}`),
    purchase(`{"product_id":"p","currency":"USD","price":1,"quantity":1.5,${TIME}}`),
  ]);
  const run = await sync('purchases', 'purchases', EVENT_COLUMNS, rows);
  expect(run).toMatchObject({ status: 'partial', counts: { read: 9, sent: 3, rejected: 6 } });
  expect(await reasons(run)).toEqual([
    'braze_properties_is_too_large',
    'product_id_invalid',
    'currency_invalid',
    'price_invalid',
    'quantity_invalid',
    'quantity_invalid',
  ]);
  const [first] = await rejectedRows(installation.session, 'purchases', run.id);
  expect(first).toMatchObject({ origin: 'braze', row: { payload: refused } });
  expect((await installation.braze.client.purchases()).map(({ text }) => text).sort()).toEqual(
    good.map((payload) => `{"external_id":"u",${payload.slice(1)}`).sort(),
  );
});

describe('catalog', () => {
  beforeEach(() =>
    installation.braze.client.putCatalog({
      name: 'shop',
      fields: [
        { name: 'id', type: 'string' },
        { name: 'name', type: 'string' },
        { name: 'price', type: 'number' },
        { name: 'extra', type: 'object' },
      ],
    }),
  );
  const item = (id: string, payload: string): TableRow => ({ id, payload });
  const gone = (id: string): TableRow => ({ id, deleted: true });

  test('the latest row of an item stands, deleted or not; a payload replaces the item whole', async () => {
    const rows = timed([
      item('kept', '{"name":"Kept","price":12.50,"extra":{"n":9007199254740993}}'),
      item('replaced', '{"name":"old","price":1}'),
      item('replaced', '{"price":2.0}'),
      item('removed', '{"name":"x"}'),
      gone('removed'),
      item('back', '{"name":"first"}'),
      gone('back'),
      { ...item('back', '{"name":"again","id":"back"}'), deleted: false },
      gone('never-there'),
      // The payload of a deleted item is not looked at.
      { id: 'gone-2', deleted: true, payload: 'not json' },
    ]);
    const run = await sync('catalog-latest', 'catalog', CATALOG_COLUMNS, rows, { catalog: 'shop' });
    expect(run).toMatchObject({ status: 'success', counts: { read: 10, sent: 10, rejected: 0 } });
    const items = await installation.braze.client.catalogItems('shop');
    expect(Object.fromEntries(items.map(({ id, fields }) => [id, fields]))).toEqual({
      kept: { name: '"Kept"', price: '12.50', extra: '{"n":9007199254740993}' },
      replaced: { price: '2.0' },
      back: { name: '"again"' },
    });
  });

  test('items that change often, over many pages, end as the table says', async () => {
    const expected = new Map<string, string>();
    const rows = timed(
      Array.from({ length: 1_500 }, (_, n): TableRow => {
        const id = `i${(n * 31) % 97}`;
        if (n % 7 === 0) {
          expected.delete(id);
          return gone(id);
        }
        expected.set(id, `${n}.50`);
        return item(id, `{"price":${n}.50}`);
      }),
    );
    const run = await sync('catalog-many', 'catalog', CATALOG_COLUMNS, rows, {
      catalog: 'shop',
      options: { page_size: 110, segment_rows: 400 },
    });
    expect(run).toMatchObject({ status: 'success', counts: { read: 1_500, sent: 1_500, rejected: 0 } });
    const items = await installation.braze.client.catalogItems('shop');
    expect(Object.fromEntries(items.map(({ id, fields }) => [id, fields['price']]))).toEqual(
      Object.fromEntries(expected),
    );
    expect((await installation.braze.client.state()).violations.inFlight).toBe(0);
  });

  test('bad items are rejected by us or by Braze, and the others of their request arrive', async () => {
    const rows = timed([
      item('no good id', '{"name":"x"}'),
      item('conflict', '{"id":"other","name":"x"}'),
      item('long', `{"name":"${'x'.repeat(5_001)}"}`),
      item('key', '{"extra":{"a.b":1}}'),
      item('unknown-field', '{"nome":"x"}'),
      item('wrong-type', '{"price":"much"}'),
      item('no-json', 'x'),
      item('empty', ''),
      ...Array.from({ length: 80 }, (_, n) => item(`good-${n}`, `{"price":${n}}`)),
    ]);
    const run = await sync('catalog-bad', 'catalog', CATALOG_COLUMNS, rows, { catalog: 'shop' });
    expect(run).toMatchObject({ status: 'partial', counts: { read: 88, sent: 80, rejected: 8 } });
    expect(await reasons(run)).toEqual([
      'item_id_invalid',
      'item_id_conflict',
      'item_value_too_long',
      'item_key_invalid',
      'braze_invalid_fields',
      'braze_unable_to_coerce_value',
      'payload_not_json',
      'payload_missing',
    ]);
    expect(await installation.braze.client.catalogItems('shop')).toHaveLength(80);
  });

  test('an integer ID column and a JSON payload column serve as well', async () => {
    const columns = { Updated_At: 'timestamp', Id: 'bigint', PAYLOAD: 'json' };
    const run = await sync(
      'catalog-integer',
      'catalog',
      columns,
      [{ Updated_At: '2026-01-01T00:00:00', Id: 7, PAYLOAD: null }],
      { catalog: 'shop' },
    );
    expect(await reasons(run)).toEqual(['payload_missing']);
    await installation.source.query(
      `insert into cdi.catalog_integer values ('2026-01-01 00:00:01', 9007199254740993, '{"price": 1.50}')`,
    );
    expect(await runToEnd(installation.session, 'catalog-integer')).toMatchObject({
      status: 'success',
      counts: { read: 1, sent: 1 },
    });
    expect(await installation.braze.client.catalogItems('shop')).toEqual([
      { id: '9007199254740993', fields: { price: '1.50' } },
    ]);
  });
});

test('user deletes: one kind of identifier per request, each user once', async () => {
  const seeded = Array.from({ length: 60 }, (_, n) => ({ external_id: `e${n}` }));
  await installation.braze.client.addProfiles([
    ...seeded,
    { external_id: 'stays' },
    { user_aliases: [{ alias_name: 'a', alias_label: 'crm' }] },
    { braze_id: 'b' },
  ]);
  const rows = timed([
    ...seeded,
    { external_id: 'e0' },
    { alias_name: 'a', alias_label: 'crm' },
    { braze_id: 'b' },
    { external_id: 'never-there' },
    { external_id: 'two', braze_id: 'names' },
    // Extra columns here: user deletes know no address and no number.
    { email: 'ann@example.com' },
  ]);
  const run = await sync('user-deletes', 'user_deletes', DELETE_COLUMNS, rows);
  expect(run).toMatchObject({
    status: 'partial',
    counts: { read: 66, sent: 64, rejected: 2, requests: 4 },
  });
  expect(await reasons(run)).toEqual(['identifiers_conflict', 'identifier_missing']);
  const { client } = installation.braze;
  expect((await client.profiles()).map((profile) => profile.external_id)).toEqual(['stays']);
  const deletes = await client.deletes();
  expect(deletes).toHaveLength(63);
  expect(new Set(deletes.map(({ identity }) => identity)).size).toBe(63);
  const kinds = (await client.record()).map(({ identities }) =>
    [...new Set(identities.map((identity) => identity.split(':')[0]))].join(),
  );
  expect(kinds.sort()).toEqual(['braze_id', 'external_id', 'external_id', 'user_alias']);

  await addRows(installation.source, 'user_deletes', [{ updated_at: instant(1_000), external_id: 'stays' }]);
  expect(await runToEnd(installation.session, 'user-deletes')).toMatchObject({ status: 'success' });
  expect(await client.profiles()).toEqual([]);
});
