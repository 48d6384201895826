import { describe, expect, it } from 'vitest';
import { Script } from '../../braze-simulator/script.ts';
import type { RuleMatch } from '../../braze-simulator/control-types.ts';
import { event, useSimulator, users } from './use-simulator.ts';

const simulator = useSimulator();

async function held(): Promise<number> {
  return (await simulator.client().state()).profiles;
}

/** Which of the first requests of a kind a rule acts on. */
function acted(match: RuleMatch, requests: number, times?: number): number[] {
  const script = new Script([{ match, ...(times === undefined ? {} : { times }), action: { type: '413' } }]);
  const request = { method: 'POST', path: '/users/track', texts: () => ['{"a":1}', '{"b":2}'] };
  return Array.from({ length: requests }, (_, index) => index + 1).filter(
    () => script.next(request) !== undefined,
  );
}

describe('a rule', () => {
  it.each([
    ['everything', {}, [1, 2, 3, 4, 5, 6]],
    ['a path', { path: '/users' }, [1, 2, 3, 4, 5, 6]],
    ['another path', { path: '/catalogs' }, []],
    ['another method', { method: 'PUT' }, []],
    ['each second', { everyNth: 2 }, [2, 4, 6]],
    ['after four', { afterRequests: 4 }, [5, 6]],
    ['each second after one', { afterRequests: 1, everyNth: 2 }, [3, 5]],
    ['never', { probability: 0 }, []],
    ['a text', { containsText: '"b"' }, [1, 2, 3, 4, 5, 6]],
    ['a text that is missing', { containsText: '"c"' }, []],
    ['two texts in one object', { containsText: ['"b"', '2'] }, [1, 2, 3, 4, 5, 6]],
    ['two texts in two objects', { containsText: ['"a"', '"b"'] }, []],
  ])('is for %s', (_what, match, expected) => {
    expect(acted(match, 6)).toEqual(expected);
  });

  it('acts as often as it says', () => {
    expect(acted({ everyNth: 2 }, 8, 2)).toEqual([2, 4]);
  });

  it('draws the same each time', () => {
    const half = acted({ probability: 0.5 }, 1000);
    expect(half.length).toBeGreaterThan(400);
    expect(half.length).toBeLessThan(600);
    expect(acted({ probability: 0.5 }, 1000)).toEqual(half);
  });

  it('gives way to an earlier one, and counts all the same', () => {
    const script = new Script([
      { match: { everyNth: 2 }, action: { type: '413' } },
      { match: { everyNth: 3 }, action: { type: '400_anonymous' } },
    ]);
    const request = { method: 'POST', path: '/', texts: () => [] };
    const actions = Array.from({ length: 9 }, () => script.next(request)?.action.type);
    expect(actions).toEqual([
      undefined,
      '413',
      '400_anonymous',
      '413',
      undefined,
      '413',
      undefined,
      '413',
      '400_anonymous',
    ]);
  });

  it('with an unknown action is refused', async () => {
    const rules = [{ action: { type: '418' } }];
    const response = await fetch(`${simulator.url()}/_sim/script`, {
      method: 'POST',
      body: JSON.stringify(rules),
    });
    expect(response.status).toBe(400);
  });
});

describe('the action', () => {
  it.each([
    ['reset', 'x-ratelimit-reset', Date.now() / 1000],
    ['reset_delta', 'x-ratelimit-reset', 0],
    ['retry_after', 'x-ratelimit-retry-after', 0],
  ] as const)('429 says when to come back, style %s', async (style, header, base) => {
    await simulator.client().setScript([{ action: { type: '429', style, seconds: 30 } }]);
    const reply = await simulator.track({ attributes: users(1) });
    expect(reply.status).toBe(429);
    const wait = Number(reply.headers.get(header)) - base;
    expect(wait).toBeGreaterThanOrEqual(30);
    expect(wait).toBeLessThan(60);
    expect(reply.headers.has('x-ratelimit-remaining')).toBe(style !== 'retry_after');
    expect(await held()).toBe(0);
  });

  it.each([
    ['5xx_before', 0],
    ['5xx_after', 1],
  ] as const)('%s leaves %i applied', async (type, applied) => {
    await simulator.client().setScript([{ action: { type, status: 503 }, times: 1 }]);
    expect((await simulator.track({ attributes: users(1) })).status).toBe(503);
    expect(await held()).toBe(applied);
    expect((await simulator.track({ attributes: users(1) })).status).toBe(201);
  });

  it.each([
    ['reset_before', 0],
    ['reset_after', 1],
  ] as const)('%s breaks the connection and leaves %i applied', async (type, applied) => {
    await simulator.client().setScript([{ action: { type } }]);
    await expect(simulator.track({ attributes: users(1) })).rejects.toThrow();
    expect(await held()).toBe(applied);
    const [request] = await simulator.client().record();
    expect(request).toMatchObject({ status: 0, applied, objects: 1 });
  });

  it.each([
    [false, 0],
    [true, 1],
  ])('stall (applied: %s) ends without an answer', async (applied, count) => {
    await simulator.client().setScript([{ action: { type: 'stall', ms: 60, applied } }]);
    const started = performance.now();
    await expect(simulator.track({ attributes: users(1) })).rejects.toThrow();
    expect(performance.now() - started).toBeGreaterThan(50);
    expect(await held()).toBe(count);
  });

  it('slow applies at once and answers late', async () => {
    await simulator.client().setScript([{ action: { type: 'slow', ms: 80 } }]);
    const started = performance.now();
    const reply = simulator.track({ attributes: users(1) });
    await expect.poll(held).toBe(1);
    expect((await reply).status).toBe(201);
    expect(performance.now() - started).toBeGreaterThan(75);
  });

  it('413 applies nothing', async () => {
    await simulator.client().setScript([{ action: { type: '413' } }]);
    expect((await simulator.track({ attributes: users(1) })).status).toBe(413);
    expect(await held()).toBe(0);
  });

  it('400_anonymous refuses the whole request and names nothing', async () => {
    await simulator
      .client()
      .setScript([{ match: { containsText: 'user-3' }, action: { type: '400_anonymous' } }]);
    const refused = await simulator.track({ attributes: users(5) });
    expect(refused).toMatchObject({ status: 400, body: { message: expect.any(String) as string } });
    expect(refused.body).not.toHaveProperty('errors');
    expect(await held()).toBe(0);
    expect((await simulator.track({ attributes: users(3) })).status).toBe(201);
    expect((await simulator.track({ attributes: users(5).slice(3, 4) })).status).toBe(400);
  });

  it('merged_refused refuses the objects that hold all texts, and no other', async () => {
    await simulator
      .client()
      .setScript([{ match: { containsText: ['"one"', '"two"'] }, action: { type: 'merged_refused' } }]);
    const reply = await simulator.track({
      attributes: [
        { external_id: 'merged', one: 1, two: 2 },
        { external_id: 'single', one: 1 },
      ],
    });
    expect(reply).toMatchObject({ status: 201, body: { attributes_processed: 1 } });
    expect(reply.body['errors']).toMatchObject([{ input_array: 'attributes', index: 0 }]);
    expect(await held()).toBe(1);
  });

  it('merged_refused names catalog items, and refuses deletes whole', async () => {
    await simulator.client().putCatalog({ name: 'c', fields: [{ name: 'id', type: 'string' }] });
    await simulator
      .client()
      .setScript([{ match: { containsText: 'bad' }, action: { type: 'merged_refused' } }]);
    const items = await simulator.call('PUT', '/catalogs/c/items', {
      body: { items: [{ id: 'good' }, { id: 'bad' }] },
    });
    expect(items).toMatchObject({ status: 400, body: { errors: [{ parameter_values: ['bad'] }] } });
    const deletes = await simulator.call('POST', '/users/delete', {
      body: { external_ids: ['good', 'bad'] },
    });
    expect(deletes.status).toBe(400);
  });

  it('is not for requests that are refused anyway', async () => {
    await simulator.client().setScript([{ action: { type: '5xx_before', status: 500 }, times: 1 }]);
    expect((await simulator.track('nonsense')).status).toBe(400);
    expect((await simulator.track({ events: [event('a')] })).status).toBe(500);
  });
});
