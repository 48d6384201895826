import { describe, expect, it } from 'vitest';
import { event, useSimulator } from './use-simulator.ts';

const simulator = useSimulator();

const purchase = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
  external_id: 'ann',
  product_id: 'p',
  currency: 'EUR',
  price: 1,
  time: '2026-01-31T10:00:00Z',
  ...more,
});
const group = { subscription_group_id: 'g', subscription_state: 'subscribed' };
const many = Object.fromEntries(Array.from({ length: 250 }, (_, index) => [`a${index}`, index]));
const alias = { alias_name: 'ann', alias_label: 'crm' };
const long = 'x'.repeat(256);

describe('an object of /users/track', () => {
  it.each([
    ['no identifier', { name: 'x' }, `'external_id' or 'braze_id' or 'user_alias' is required`],
    ['two identifiers', { external_id: 'a', braze_id: 'b' }, 'only one of'],
    ['an empty external id', { external_id: '' }, 'must be a string'],
    ['a number as external id', { external_id: 7 }, 'must be a string'],
    ['an external id of 988 bytes', { external_id: `${'é'.repeat(493)}xx` }, 'EXTERNAL_USER_ID_TOO_LARGE'],
    ['half an alias', { user_alias: { alias_name: 'a' } }, 'alias_label'],
    ['a broken e-mail to look up', { email: 'ann@' }, 'EMAIL_BAD_FORMAT'],
    ['a broken e-mail as attribute', { external_id: 'a', email: 'ann' }, 'EMAIL_BAD_FORMAT'],
    ['an empty phone to look up', { phone: '' }, 'must be a string'],
    ['251 attributes', { external_id: 'a', ...many, one_more: 1 }, 'more than 250 attributes'],
    ['a wrong update flag', { external_id: 'a', _update_existing_only: 'true' }, '_update_existing_only'],
    ['an e-mail state', { external_id: 'a', email_subscribe: 'yes' }, 'BAD_EMAIL_SUBSCRIPTION_STATE'],
    ['a push state', { external_id: 'a', push_subscribe: true }, 'BAD_PUSH_SUBSCRIPTION_STATE'],
    [
      'a location',
      { external_id: 'a', current_location: { latitude: 91, longitude: 0 } },
      'BAD_LOCATION_UPDATE',
    ],
    [
      'groups that are no list',
      { external_id: 'a', subscription_groups: group },
      'BAD_SUBSCRIPTION_GROUP_ARRAY',
    ],
    [
      'a group that is no object',
      { external_id: 'a', subscription_groups: ['g'] },
      'BAD_SUBSCRIPTION_GROUP_HASH',
    ],
    [
      'a group without id',
      { external_id: 'a', subscription_groups: [{ subscription_state: 'subscribed' }] },
      'BAD_SUBSCRIPTION_GROUP_ID',
    ],
    [
      'a group state',
      { external_id: 'a', subscription_groups: [{ ...group, subscription_state: 'opted_in' }] },
      'BAD_SUBSCRIPTION_GROUP_STATE',
    ],
    ['no object', 'ann', 'must be an object'],
  ])('refuses attributes with %s', async (_what, object, type) => {
    const reply = await simulator.track({ attributes: [object] });
    expect(reply.status).toBe(400);
    const [error] = reply.body['errors'] as { type: string; input_array: string; index: number }[];
    expect(error).toMatchObject({ input_array: 'attributes', index: 0 });
    expect(error?.type).toContain(type);
    expect((await simulator.client().state()).profiles).toBe(0);
  });

  it.each([
    ['987 bytes of external id', { external_id: `${'é'.repeat(493)}x` }],
    ['an e-mail', { email: 'ann@example.com', phone: '+4912345' }],
    ['a phone', { phone: '+4912345' }],
    ['an alias', { user_alias: alias }],
    ['a Braze id', { braze_id: 'b' }],
    ['250 attributes', { external_id: 'a', ...many }],
    ['cleared contacts', { external_id: 'a', email: null, phone: null, current_location: null }],
    ['states', { external_id: 'a', email_subscribe: 'opted_in', push_subscribe: 'unsubscribed' }],
    ['groups', { external_id: 'a', subscription_groups: [{ ...group, use_double_opt_in_logic: true }] }],
  ])('takes attributes with %s', async (_what, object) => {
    const reply = await simulator.track({ attributes: [object] });
    expect(reply).toMatchObject({ status: 201, body: { message: 'success', attributes_processed: 1 } });
    expect(reply.body).not.toHaveProperty('errors');
  });

  it.each([
    ['no name', event('a', { name: undefined }), `'name' is required`],
    ['an empty name', event('a', { name: '' }), `'name' is invalid`],
    ['a long name', event('a', { name: long }), `'name' is invalid`],
    ['no time', event('a', { time: undefined }), `'time' is required`],
    ['a day that is not', event('a', { time: '2026-02-30T10:00:00Z' }), `'time' is invalid`],
    ['a number as time', event('a', { time: 1_700_000_000 }), `'time' is invalid`],
    ['a number as app', event('a', { app_id: 1 }), 'app_id'],
    ['a list of properties', event('a', { properties: [] }), `'properties' must be an object`],
    ['a reserved property', event('a', { properties: { time: 1 } }), 'reserved'],
    ['another reserved property', event('a', { properties: { event_name: 1 } }), 'reserved'],
    ['a long property name', event('a', { properties: { [long]: 1 } }), 'wrong length'],
    ['a property name with $', event('a', { properties: { $x: 1 } }), `begins with '$'`],
    ['large properties', event('a', { properties: { x: 'x'.repeat(100_000) } }), 'too large'],
    ['no identifier', event('a', { external_id: undefined }), 'is required'],
  ])('refuses an event with %s', async (_what, object, type) => {
    const reply = await simulator.track({ events: [event('good'), object] });
    expect(reply).toMatchObject({ status: 201, body: { events_processed: 1 } });
    expect(reply.body['errors']).toEqual([
      { type: expect.stringContaining(type) as string, input_array: 'events', index: 1 },
    ]);
    expect(await simulator.client().events()).toHaveLength(1);
  });

  it.each([
    ['no product', purchase({ product_id: undefined }), 'product_id'],
    ['a long product', purchase({ product_id: long }), 'product_id'],
    ['no currency', purchase({ currency: undefined }), 'currency'],
    ['an unknown currency', purchase({ currency: 'EURO' }), 'currency'],
    ['a currency that is none', purchase({ currency: 'QQQ' }), 'currency'],
    ['no price', purchase({ price: undefined }), 'price'],
    ['a text as price', purchase({ price: '1' }), 'price'],
    ['a quantity of 0', purchase({ quantity: 0 }), 'quantity'],
    ['a quantity of 101', purchase({ quantity: 101 }), 'quantity'],
    ['a broken quantity', purchase({ quantity: 1.5 }), 'quantity'],
    ['no time', purchase({ time: undefined }), 'time'],
    ['large properties', purchase({ properties: { x: 'x'.repeat(50_000) } }), 'too large'],
  ])('refuses a purchase with %s', async (_what, object, type) => {
    const reply = await simulator.track({ purchases: [purchase({ quantity: 100 }), object] });
    expect(reply).toMatchObject({ status: 201, body: { purchases_processed: 1 } });
    expect(reply.body['errors']).toEqual([
      { type: expect.stringContaining(type) as string, input_array: 'purchases', index: 1 },
    ]);
    expect(await simulator.client().purchases()).toHaveLength(1);
  });

  it.each([
    '2026-01-31T10:00:00.123456Z',
    '2026-01-31T10:00:00+01:00',
    '2026-01-31T10:00:00:123Z',
    '2026-01-31 10:00:00',
    '2026-01-31',
    '01/31/2026',
    'Sat 01 31 10:00:00.UTC 2026',
  ])('takes the time %s', async (time) => {
    expect((await simulator.track({ events: [event('a', { time })] })).status).toBe(201);
  });

  it('is named by array and position as sent, once per broken rule', async () => {
    const reply = await simulator.track({
      attributes: [{ external_id: 'a' }, { email_subscribe: 'x' }, { external_id: 'b' }],
      events: [event('a', { name: undefined })],
      purchases: [purchase(), purchase({ price: undefined })],
    });
    expect(reply.body).toMatchObject({ attributes_processed: 2, purchases_processed: 1 });
    expect(reply.body).not.toHaveProperty('events_processed');
    const errors = reply.body['errors'] as { input_array: string; index: number }[];
    expect(errors.map(({ input_array, index }) => `${input_array} ${index}`)).toEqual([
      'attributes 1',
      'attributes 1',
      'events 0',
      'purchases 1',
    ]);
    const state = await simulator.client().state();
    expect(state.received).toMatchObject({ attributes: 3, events: 1, purchases: 2 });
    expect(state.applied).toMatchObject({ attributes: 2, events: 0, purchases: 1 });
  });
});
