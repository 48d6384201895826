import { describe, expect, it } from 'vitest';
import { useSimulator, users } from './use-simulator.ts';
import type { Reply } from './use-simulator.ts';

const simulator = useSimulator();
const alias = { alias_name: 'ann', alias_label: 'crm' };

function remove(body: unknown): Promise<Reply> {
  return simulator.call('POST', '/users/delete', { body });
}

describe('/users/delete', () => {
  it('removes profiles and tells how many ids it took', async () => {
    await simulator.track({ attributes: users(2) });
    const reply = await remove({ external_ids: ['user-0', 'nobody'] });
    expect(reply).toMatchObject({ status: 201, body: { deleted: 2 } });
    expect(await simulator.client().deletes()).toEqual([
      { identity: 'external_id:user-0', request: 2, found: true },
      { identity: 'external_id:nobody', request: 2, found: false },
    ]);
    const left = await simulator.client().profiles();
    expect(left.map(({ external_id }) => external_id)).toEqual(['user-1']);
  });

  it.each([
    ['external_ids', ['ann']],
    ['user_aliases', [alias]],
    ['braze_ids', ['b']],
    ['email_addresses', [{ email: 'ann@example.com', prioritization: ['unidentified'] }]],
    ['phone_numbers', [{ phone: '+49123' }]],
  ])('takes %s', async (kind, ids) => {
    await simulator.client().addProfiles([
      {
        external_id: 'ann',
        user_aliases: [alias],
        braze_id: 'b',
        attributes: { email: 'ann@example.com', phone: '+49123' },
      },
    ]);
    expect((await remove({ [kind]: ids })).status).toBe(201);
    expect((await simulator.client().state()).profiles).toBe(0);
  });

  it.each([
    ['two kinds of ids', { external_ids: ['a'], braze_ids: ['b'] }],
    ['no ids', {}],
    ['an empty list', { external_ids: [] }],
    ['no list', { external_ids: 'a' }],
    ['51 ids', { external_ids: users(51).map(({ external_id }) => external_id) }],
    ['an id that is no text', { external_ids: ['a', 1] }],
    ['half an alias', { user_aliases: [{ alias_name: 'a' }] }],
  ])('refuses %s, whole', async (_what, body) => {
    await simulator.track({ attributes: [{ external_id: 'a' }] });
    expect((await remove(body)).status).toBe(400);
    expect(await simulator.client().state()).toMatchObject({ profiles: 1, deletes: 0 });
  });

  it('takes 50 ids', async () => {
    const reply = await remove({ external_ids: users(50).map(({ external_id }) => external_id) });
    expect(reply.body).toEqual({ deleted: 50 });
  });
});
