import { describe, expect, it } from 'vitest';
import { event, useSimulator, users } from './use-simulator.ts';

const simulator = useSimulator();

describe('the record', () => {
  it('has every request in order of arrival, with its objects as sent', async () => {
    await simulator.track(
      '{"attributes":[{"external_id":"a", "n":12.50}],"events":[{"email":"a@example.com"}]}',
    );
    await simulator.call('POST', '/users/delete', {
      body: { user_aliases: [{ alias_name: 'n', alias_label: 'l' }] },
    });
    await simulator.call('POST', '/nowhere', { body: {} });
    const record = await simulator.client().record();
    expect(record).toMatchObject([
      {
        seq: 1,
        workspace: 'default',
        method: 'POST',
        path: '/users/track',
        status: 201,
        objects: 2,
        applied: 1,
        identities: ['external_id:a', 'email:a@example.com'],
        texts: ['{"external_id":"a", "n":12.50}', '{"email":"a@example.com"}'],
        overlapping: [],
      },
      { seq: 2, path: '/users/delete', status: 201, identities: ['user_alias:["n","l"]'] },
      { seq: 3, path: '/nowhere', status: 404, objects: 0 },
    ]);
    for (const { arrivedAt, answeredAt } of record) expect(answeredAt).toBeGreaterThanOrEqual(arrivedAt);
  });

  it('tells repeated requests from new ones', async () => {
    for (const name of ['a', 'a', 'b']) await simulator.track({ events: [event(name)] });
    expect((await simulator.client().state()).uniqueRequests).toBe(2);
  });
});

describe('order per user', () => {
  it('is broken by two requests in flight for one user', async () => {
    await simulator.client().setLatency({ ms: 60 });
    await Promise.all([
      simulator.track({ events: [event('a'), event('b')] }),
      simulator.track({ events: [event('b'), event('c')] }),
    ]);
    expect((await simulator.client().state()).violations).toEqual({ inFlight: 1, withinRequest: 0 });
    const overlapping = (await simulator.client().record()).map((request) => request.overlapping);
    expect(overlapping).toEqual([[], ['events external_id:b']]);
  });

  it('is broken as well by a request that is refused', async () => {
    await simulator.client().setLatency({ ms: 60 });
    await simulator.client().setScript([{ action: { type: '5xx_before', status: 500 }, times: 1 }]);
    await Promise.all([simulator.track({ events: [event('a')] }), simulator.track({ events: [event('a')] })]);
    expect((await simulator.client().state()).violations.inFlight).toBe(1);
  });

  it('is kept by requests one after the other, for different users, and of different kinds', async () => {
    await simulator.track({ events: [event('a')] });
    await simulator.track({ events: [event('a')] });
    await simulator.client().setLatency({ ms: 60 });
    await Promise.all([
      simulator.track({ events: [event('a'), event('a')] }),
      simulator.track({ events: [event('b')] }),
      simulator.track({ attributes: users(1) }),
      simulator.track({ events: [event('user-0')] }),
    ]);
    expect((await simulator.client().state()).violations).toEqual({ inFlight: 0, withinRequest: 0 });
  });

  it('is broken by two attributes objects of one user in a request', async () => {
    await simulator.track({ attributes: [...users(2), ...users(2)] });
    expect((await simulator.client().state()).violations).toEqual({ inFlight: 0, withinRequest: 2 });
  });

  it('is broken by an upsert and a delete of one catalog item in flight', async () => {
    await simulator.client().putCatalog({ name: 'c', fields: [{ name: 'id', type: 'string' }] });
    await simulator.client().setLatency({ ms: 60 });
    const body = { items: [{ id: 'a' }] };
    await Promise.all([
      simulator.call('PUT', '/catalogs/c/items', { body }),
      simulator.call('DELETE', '/catalogs/c/items', { body }),
    ]);
    expect((await simulator.client().state()).violations.inFlight).toBe(1);
  });

  it('ends with the connection of a client that went away', async () => {
    await simulator.client().setLatency({ ms: 10_000 });
    await expect(
      fetch(`${simulator.url()}/users/track`, {
        method: 'POST',
        headers: { Authorization: 'Bearer sim-key', 'Content-Type': 'application/json' },
        body: JSON.stringify({ events: [event('a')] }),
        signal: AbortSignal.timeout(50),
      }),
    ).rejects.toThrow();
    await expect
      .poll(async () => (await simulator.client().state()).requests)
      .toEqual({
        'POST /users/track': { 0: 1 },
      });
    await simulator.client().setLatency({ ms: 0 });
    await simulator.track({ events: [event('a')] });
    expect((await simulator.client().state()).violations.inFlight).toBe(0);
  });
});
