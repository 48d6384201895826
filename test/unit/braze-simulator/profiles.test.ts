import { describe, expect, it } from 'vitest';
import type { ProfileView } from '../../braze-simulator/control-types.ts';
import { event, useSimulator } from './use-simulator.ts';

const simulator = useSimulator();

/** Sends attributes objects for one user, one request each, and gives what is held afterwards. */
async function held(...objects: string[]): Promise<Record<string, string>> {
  for (const object of objects) {
    const reply = await simulator.track(`{"attributes":[{"external_id":"ann",${object}}]}`);
    expect(reply.status).toBe(201);
  }
  const [profile] = await simulator.client().profiles();
  return { ...profile?.attributes };
}

async function dropped(): Promise<Readonly<Record<string, number>>> {
  return (await simulator.client().state()).dropped;
}

describe('attributes', () => {
  it('are held as they were written', async () => {
    expect(await held('"big":9007199254740993,"price":12.50,"name":"\\u0041nn"')).toEqual({
      big: '9007199254740993',
      price: '12.50',
      name: '"\\u0041nn"',
    });
  });

  it('stay when absent, change when given, go when null', async () => {
    expect(await held('"a":1,"b":1,"c":1', '"b":2,"c":null')).toEqual({ a: '1', b: '2' });
  });

  it.each([
    ['inc', ['"n":9007199254740993', '"n":{"inc":2}'], '9007199254740995'],
    ['inc from nothing', ['"n":{"inc":-2}'], '-2'],
    ['add', ['"n":["a"]', '"n":{"add":["a","b"]}'], '["a","b"]'],
    ['remove', ['"n":["a","b"]', '"n":{"remove":["a"]}'], '["b"]'],
    ['replacing an object', ['"n":{"a":1}', '"n":{"b":2}'], '{"b":2}'],
    [
      'a deep merge',
      ['"n":{"a":1,"o":{"x":1.0}}', '"_merge_objects":true,"n":{"o":{"y":2.50}}'],
      '{"a":1,"o":{"x":1.0,"y":2.50}}',
    ],
    ['a deep merge asked by text', ['"n":{"a":1}', '"_merge_objects":"true","n":{"b":2}'], '{"a":1,"b":2}'],
    ['$add', ['"n":[{"id":1}]', '"n":{"$add":[{"id":2}]}'], '[{"id":1},{"id":2}]'],
    [
      '$remove',
      ['"n":[{"id":1},{"id":2}]', '"n":{"$remove":[{"$identifier_key":"id","$identifier_value":1}]}'],
      '[{"id":2}]',
    ],
    [
      '$update',
      [
        '"n":[{"id":1,"a":1}]',
        '"_merge_objects":true,"n":{"$update":[{"$identifier_key":"id","$identifier_value":1,"$new_object":{"b":2}}]}',
      ],
      '[{"id":1,"a":1,"b":2}]',
    ],
    [
      '$add before $remove',
      ['"n":{"$remove":[{"$identifier_key":"id","$identifier_value":1}],"$add":[{"id":1}]}'],
      '[]',
    ],
  ])('follow the operator %s', async (_what, objects, expected) => {
    expect((await held(...objects))['n']).toBe(expected);
  });

  it.each([
    ['value_too_long', `"n":"${'x'.repeat(256)}"`],
    ['array_over_limit', `"n":[${Array.from({ length: 26 }, (_, index) => index).join(',')}]`],
    ['object_too_large', `"n":{"a":[${Array.from({ length: 30_000 }, () => '"x"').join(',')}]}`],
    ['invalid_nested_key', '"n":{"a.b":1}'],
    ['invalid_nested_key', '"n":{"a":[{"b c":1}]}'],
    ['invalid_nested_time', '"n":{"a":{"$time":null}}'],
    ['inc_on_other_type', '"text":{"inc":1}'],
    ['array_operator_on_other_type', '"text":{"add":["x"]}'],
  ])('are dropped without an error: %s', async (reason, members) => {
    expect(await held('"text":"t"', `${members},"other":1`)).toEqual({ text: '"t"', other: '1' });
    expect(await dropped()).toEqual({ [reason]: 1 });
  });

  it('hold subscription groups apart', async () => {
    await held('"subscription_groups":[{"subscription_group_id":"g","subscription_state":"unsubscribed"}]');
    const [profile] = await simulator.client().profiles();
    expect(profile).toMatchObject({ attributes: {}, subscription_groups: { g: 'unsubscribed' } });
  });
});

describe('profiles', () => {
  const alias = { alias_name: 'ann', alias_label: 'crm' };

  async function after(attributes: unknown[]): Promise<ProfileView[]> {
    expect((await simulator.track({ attributes })).status).toBe(201);
    return simulator.client().profiles();
  }

  it.each([
    ['an external id', { external_id: 'ann' }, 1],
    ['an external id, update only', { external_id: 'ann', _update_existing_only: true }, 0],
    ['an alias', { user_alias: alias }, 0],
    ['an alias, update only', { user_alias: alias, _update_existing_only: true }, 0],
    ['an alias, not update only', { user_alias: alias, _update_existing_only: false }, 1],
    ['a Braze id', { braze_id: 'b', _update_existing_only: false }, 0],
    ['an e-mail', { email: 'ann@example.com' }, 1],
    ['a phone', { phone: '+49123' }, 1],
  ])('are made for %s', async (_what, identifier, made) => {
    expect(await after([{ ...identifier, colour: 'red' }])).toHaveLength(made);
    expect(await dropped()).toEqual(made === 1 ? {} : { unknown_user: 1 });
  });

  it('are found by every identifier they have', async () => {
    await simulator.client().addProfiles([
      {
        external_id: 'ann',
        user_aliases: [alias],
        braze_id: 'b',
        attributes: { email: 'ann@example.com' },
      },
    ]);
    const [profile, ...others] = await after([
      { external_id: 'ann', one: 1, phone: '+49123' },
      { user_alias: alias, two: 2 },
      { braze_id: 'b', three: 3 },
      { email: 'ann@example.com', four: 4 },
      { phone: '+49123', five: 5 },
    ]);
    expect(others).toEqual([]);
    expect(profile?.attributes).toMatchObject({ one: '1', two: '2', three: '3', four: '4', five: '5' });
  });

  it('are looked up by e-mail before phone, and the phone is an attribute then', async () => {
    await simulator.client().addProfiles([
      { external_id: 'mail', attributes: { email: 'ann@example.com' } },
      { external_id: 'phone', attributes: { phone: '+49123' } },
    ]);
    const [mail, phone] = await after([{ email: 'ann@example.com', phone: '+49123', colour: 'red' }]);
    expect(mail?.attributes).toMatchObject({ colour: '"red"', phone: '"+49123"' });
    expect(phone?.attributes).not.toHaveProperty('colour');
  });

  it('that share an e-mail: one with an external id is preferred, then the one updated last', async () => {
    const shared = { attributes: { email: 'ann@example.com' } };
    await simulator
      .client()
      .addProfiles([{ external_id: 'old', ...shared }, { external_id: 'new', ...shared }, shared]);
    await after([{ external_id: 'old', touched: true }]);
    const [old, recent, anonymous] = await after([{ email: 'ann@example.com', colour: 'red' }]);
    expect(old?.attributes).toHaveProperty('colour');
    expect(recent?.attributes).not.toHaveProperty('colour');
    expect(anonymous?.attributes).not.toHaveProperty('colour');
  });

  it('lose an e-mail that changed', async () => {
    await after([{ external_id: 'ann', email: 'a@example.com' }]);
    await after([{ external_id: 'ann', email: 'b@example.com' }]);
    expect(await after([{ email: 'a@example.com' }])).toHaveLength(2);
  });
});

describe('events and purchases', () => {
  it('are kept as sent, with whom they are for, also when equal', async () => {
    const text = '{"external_id":"ann","name":"n","time":"2026-01-31","properties":{"p":12.50}}';
    await simulator.track(`{"events":[${text}, ${text}]}`);
    expect(await simulator.client().events()).toEqual([
      { identity: 'external_id:ann', request: 1, text },
      { identity: 'external_id:ann', request: 1, text },
    ]);
    expect((await simulator.client().state()).profiles).toBe(1);
  });

  it('of unknown users are accepted and not applied when update only', async () => {
    const reply = await simulator.track({ events: [event('ann', { _update_existing_only: true })] });
    expect(reply).toMatchObject({ status: 201, body: { events_processed: 1 } });
    expect(await simulator.client().events()).toEqual([]);
    expect(await dropped()).toEqual({ unknown_user: 1 });
  });
});
