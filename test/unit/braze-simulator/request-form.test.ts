import { describe, expect, it } from 'vitest';
import { event, useSimulator, users } from './use-simulator.ts';

const simulator = useSimulator({
  workspaces: [
    {
      name: 'second',
      keys: [{ key: 'second-key' }],
      limits: { trackObjects: 50 },
      catalogs: [{ name: 'stores', fields: [{ name: 'id', type: 'string' }] }],
    },
  ],
});

describe('keys', () => {
  it.each(['Bearer other', 'Bearer "sim-key"', 'sim-key', 'Basic sim-key', ''])(
    'refuse %j with 401',
    async (authorization) => {
      const reply = await simulator.call('POST', '/users/track', {
        body: { attributes: users(1) },
        authorization,
      });
      expect(reply.status).toBe(401);
      expect((await simulator.client().state()).profiles).toBe(0);
    },
  );

  it.each([
    ['POST', '/users/track', 'users.track'],
    ['POST', '/users/delete', 'users.delete'],
    ['POST', '/catalogs/c/items', 'catalogs.add_items'],
    ['PUT', '/catalogs/c/items', 'catalogs.replace_items'],
    ['PATCH', '/catalogs/c/items', 'catalogs.update_items'],
    ['DELETE', '/catalogs/c/items', 'catalogs.delete_items'],
    ['GET', '/catalogs', 'catalogs.get'],
    ['POST', '/catalogs', 'catalogs.create'],
    ['POST', '/catalogs/c/fields', 'catalogs.create_fields'],
  ] as const)('%s %s needs %s', async (method, path, permission) => {
    const others = (['users.track', 'users.delete', 'catalogs.get'] as const).filter(
      (name) => name !== permission,
    );
    await simulator.client().setKeys([
      { key: 'without', permissions: others },
      { key: 'with', permissions: [permission] },
    ]);
    const body = method === 'GET' ? {} : { body: {} };
    const refused = await simulator.call(method, path, { ...body, authorization: 'Bearer without' });
    expect(refused.status).toBe(403);
    const passed = await simulator.call(method, path, { ...body, authorization: 'Bearer with' });
    expect(passed.status).not.toBe(403);
  });

  it('can be revoked', async () => {
    await simulator.client().setKeys([{ key: 'sim-key', revoked: true }]);
    expect((await simulator.track({ attributes: users(1) })).status).toBe(401);
  });

  it('open the workspace that they belong to', async () => {
    const body = { attributes: users(50) };
    expect(
      (await simulator.call('POST', '/users/track', { body, authorization: 'Bearer second-key' })).status,
    ).toBe(201);
    const second = simulator.client().for('second');
    expect(await second.state()).toMatchObject({ profiles: 50, catalogItems: { stores: 0 } });
    expect((await simulator.client().state()).profiles).toBe(0);
    const larger = { attributes: users(51) };
    const reply = await simulator.call('POST', '/users/track', {
      body: larger,
      authorization: 'Bearer second-key',
    });
    expect(reply.status).toBe(400);
  });
});

describe('the outer form of a request', () => {
  it.each([
    ['GET', '/users/track'],
    ['POST', '/users'],
    ['POST', '/users/track/'],
    ['POST', '/catalogs/c/items/1'],
  ])('%s %s is no address', async (method, path) => {
    expect((await simulator.call(method, path)).status).toBe(404);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp'])(
    'refuses %s',
    async (contentType) => {
      const reply = await simulator.call('POST', '/users/track', {
        body: { attributes: users(1) },
        contentType,
      });
      expect(reply.status).toBe(415);
    },
  );

  it('takes a charset', async () => {
    const contentType = 'application/json; charset=utf-8';
    const reply = await simulator.call('POST', '/users/track', {
      body: { attributes: users(1) },
      contentType,
    });
    expect(reply.status).toBe(201);
  });

  it.each([
    '{"attributes":[{"external_id":"a"},]}',
    '',
    '[]',
    'null',
    '{"attributes":{}}',
    '{"attributes":[]}',
    '{}',
  ])('refuses the body %s', async (body) => {
    expect((await simulator.track(body)).status).toBe(400);
  });

  it('refuses bytes that are not UTF-8', async () => {
    const body = Buffer.concat([
      Buffer.from('{"attributes":[{"external_id":"'),
      Buffer.from([0xc3]),
      Buffer.from('"}]}'),
    ]);
    const response = await fetch(`${simulator.url()}/users/track`, {
      method: 'POST',
      headers: { Authorization: 'Bearer sim-key', 'Content-Type': 'application/json' },
      body,
    });
    expect(response.status).toBe(400);
  });

  it('takes 4,000,000 bytes and not one more', async () => {
    const body = JSON.stringify({ attributes: users(1) });
    expect((await simulator.track(body.padEnd(4_000_000))).status).toBe(201);
    expect((await simulator.track(body.padEnd(4_000_001))).status).toBe(413);
  });
});

describe('objects per request', () => {
  it('are 75 in all three arrays together', async () => {
    const events = [event('a'), event('b')];
    expect((await simulator.track({ attributes: users(73), events })).status).toBe(201);
    const reply = await simulator.track({ attributes: users(74), events });
    expect(reply).toMatchObject({ status: 400, body: { message: 'Max Input Length Exceeded' } });
  });

  it('can be 50', async () => {
    await simulator.client().setLimits({ trackObjects: 50 });
    expect((await simulator.track({ attributes: users(50) })).status).toBe(201);
    expect((await simulator.track({ attributes: users(51) })).status).toBe(400);
  });

  it('can be 75 in each array', async () => {
    await simulator.client().setLimits({ trackObjects: 'legacy' });
    const events = users(75).map(({ external_id }) => event(external_id));
    expect((await simulator.track({ attributes: users(75), events })).status).toBe(201);
    expect((await simulator.track({ attributes: users(76), events })).status).toBe(400);
  });
});
