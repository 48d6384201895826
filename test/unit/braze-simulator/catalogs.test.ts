import { beforeEach, describe, expect, it } from 'vitest';
import type { FieldDefinition } from '../../braze-simulator/control-types.ts';
import { useSimulator } from './use-simulator.ts';
import type { Reply } from './use-simulator.ts';

const simulator = useSimulator();

const fields: FieldDefinition[] = [
  { name: 'id', type: 'string' },
  { name: 'name', type: 'string' },
  { name: 'price', type: 'number' },
  { name: 'open', type: 'boolean' },
  { name: 'since', type: 'time' },
  { name: 'detail', type: 'object' },
  { name: 'tags', type: 'array' },
  { name: 'place', type: 'geolocation' },
];

beforeEach(() => simulator.client().putCatalog({ name: 'stores', fields }));

function items(method: string, list: unknown, catalog = 'stores'): Promise<Reply> {
  return simulator.call(method, `/catalogs/${catalog}/items`, { body: { items: list } });
}

function nested(levels: number): unknown {
  return levels === 0 ? 1 : { a: nested(levels - 1) };
}

function errorIds(reply: Reply): string[] {
  expect(reply.body['message']).toBe('Invalid Request');
  return (reply.body['errors'] as { id: string }[]).map(({ id }) => id);
}

const ids = (count: number): { id: string }[] =>
  Array.from({ length: count }, (_, index) => ({ id: `i${index}` }));

describe('catalog items', () => {
  it('are put whole, values as they were written', async () => {
    expect((await items('PUT', [{ id: 'a', name: 'old', open: true }])).status).toBe(202);
    const body = '{"items":[{"id":"a","name":"new","price":12.50,"since":null}]}';
    expect((await simulator.call('PUT', '/catalogs/stores/items', { body })).body).toEqual({
      message: 'success',
    });
    expect(await simulator.client().catalogItems('stores')).toEqual([
      { id: 'a', fields: { name: '"new"', price: '12.50' } },
    ]);
  });

  it('are edited where they exist', async () => {
    await items('PUT', [{ id: 'a', name: 'old', open: true, tags: ['x', 'y'] }]);
    const reply = await items('PATCH', [
      { id: 'a', name: 'new', open: null, tags: { $add: ['z'], $remove: ['x'] } },
      { id: 'b', name: 'unknown' },
    ]);
    expect(reply.status).toBe(202);
    expect(await simulator.client().catalogItems('stores')).toEqual([
      { id: 'a', fields: { name: '"new"', tags: '["y","z"]' } },
    ]);
  });

  it('are created with all fields, and not twice', async () => {
    const item = {
      id: 'a',
      name: 'n',
      price: 1,
      open: true,
      since: null,
      detail: null,
      tags: [],
      place: null,
    };
    expect(errorIds(await items('POST', [{ id: 'a', name: 'n' }]))).toEqual(['invalid-fields']);
    expect((await items('POST', [item])).status).toBe(202);
    expect((await items('POST', [{ ...item, name: 'again' }])).status).toBe(202);
    const [held] = await simulator.client().catalogItems('stores');
    expect(held?.fields['name']).toBe('"n"');
  });

  it('are deleted', async () => {
    await items('PUT', ids(2));
    expect((await items('DELETE', [{ id: 'i0' }, { id: 'unknown' }])).status).toBe(202);
    expect(await simulator.client().catalogItems('stores')).toEqual([{ id: 'i1', fields: {} }]);
    expect((await simulator.client().state()).applied).toMatchObject({
      catalog_items: 2,
      catalog_deletes: 2,
    });
  });

  it('need their catalog', async () => {
    const reply = await items('PUT', ids(1), 'nothing');
    expect(reply.status).toBe(404);
    expect(errorIds(reply)).toEqual(['catalog-not-found']);
  });

  it.each([
    ['invalid-fields', { colour: 'red' }],
    ['items-too-large', { name: 'x'.repeat(5001) }],
    ['too-deep-nesting-in-value-object', { detail: nested(51) }],
    ['invalid-keys-in-value-object', { detail: { 'a.b': 1 } }],
    ['invalid-keys-in-value-object', { detail: { a: [{ $b: 1 }] } }],
    ['unable-to-coerce-value', { price: 'many' }],
    ['unable-to-coerce-value', { open: 'yes' }],
    ['unable-to-coerce-value', { since: 'yesterday' }],
    ['unable-to-coerce-value', { detail: 'x' }],
    ['unable-to-coerce-value', { tags: [1] }],
    ['unable-to-coerce-value', { place: { latitude: 1 } }],
    ['unable-to-coerce-value', { name: [] }],
    ['invalid-keys-in-value-object', { tags: { $add: ['x'] } }],
  ])('are refused whole: %s for %j', async (error, values) => {
    const reply = await items('PUT', [{ id: 'good' }, { id: 'bad', ...values }]);
    expect(reply.status).toBe(400);
    expect(reply.body['errors']).toEqual([
      {
        id: error,
        message: expect.any(String) as string,
        parameters: ['id'],
        parameter_values: ['bad'],
      },
    ]);
    expect(await simulator.client().catalogItems('stores')).toEqual([]);
  });

  it.each([
    ['name', 1],
    ['name', 'x'.repeat(5000)],
    ['price', '1.5'],
    ['open', 'false'],
    ['since', '2026-01-31T10:00:00Z'],
    ['detail', nested(50)],
    ['tags', []],
    ['place', { latitude: 1, longitude: 2 }],
    ['name', null],
  ])('take %s %j', async (name, value) => {
    expect((await items('PUT', [{ id: 'a', [name]: value }])).status).toBe(202);
  });

  it.each([
    ['items-missing-ids', [{ name: 'x' }]],
    ['ids-not-strings', [{ id: 1 }]],
    ['ids-too-large', [{ id: 'x'.repeat(251) }]],
    ['invalid-ids', [{ id: 'a b' }]],
    ['ids-not-unique', [{ id: 'a' }, { id: 'a' }]],
    ['item-array-invalid', []],
    ['item-array-invalid', { id: 'a' }],
    ['item-array-invalid', ['a']],
    ['request-includes-too-many-items', ids(51)],
  ])('are refused with %s: %j', async (error, list) => {
    for (const method of ['PUT', 'DELETE']) {
      const reply = await items(method, list);
      expect(reply.status).toBe(400);
      expect(errorIds(reply)).toContain(error);
    }
  });

  it('may be 50', async () => {
    expect((await items('PUT', ids(50))).status).toBe(202);
  });

  it('name every item at fault', async () => {
    const reply = await items('PUT', [{ id: 'a', x: 1 }, { id: 'b', x: 1 }, { id: 'c' }]);
    expect(reply.body['errors']).toMatchObject([{ id: 'invalid-fields', parameter_values: ['a', 'b'] }]);
  });
});

describe('catalogs', () => {
  it('are listed with their fields and size', async () => {
    await items('PUT', ids(3));
    const reply = await simulator.call('GET', '/catalogs');
    expect(reply).toMatchObject({
      status: 200,
      body: { message: 'success', catalogs: [{ name: 'stores', fields, num_items: 3 }] },
    });
  });

  it('are made one at a time, and get further fields', async () => {
    const body = { catalogs: [{ name: 'new', fields: fields.slice(0, 2) }] };
    expect((await simulator.call('POST', '/catalogs', { body })).status).toBe(201);
    expect((await simulator.call('POST', '/catalogs', { body })).status).toBe(400);
    const more = { fields: fields.slice(2, 3) };
    expect((await simulator.call('POST', '/catalogs/new/fields', { body: more })).status).toBe(202);
    expect((await items('PUT', [{ id: 'a', price: 1 }], 'new')).status).toBe(202);
  });

  it.each([
    [
      'two at once',
      [
        { name: 'a', fields },
        { name: 'b', fields },
      ],
    ],
    ['a wrong name', [{ name: 'a b', fields }]],
    ['no id', [{ name: 'a', fields: fields.slice(1) }]],
    ['an unknown type', [{ name: 'a', fields: [...fields, { name: 'x', type: 'text' }] }]],
  ])('are refused: %s', async (_what, catalogs) => {
    expect((await simulator.call('POST', '/catalogs', { body: { catalogs } })).status).toBe(400);
  });
});
