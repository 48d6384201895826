/** The pictures of the status page, on the kept demo. */
import { API_PERMISSION_NAMES } from '../../model/api-permissions.ts';
import type { Camera } from './camera.ts';
import type { KeptDemo } from './kept-demo.ts';

export async function takeStatusPage(demo: KeptDemo, camera: Camera): Promise<void> {
  const key = await demo.session.ledger.apiKeys.add('operator', API_PERMISSION_NAMES);
  if (key === undefined) throw new Error('The demo has a key for the pictures already.');
  await camera.signIn(demo.api, key);
  await camera.take({ name: 'status-page', url: `${demo.api}/`, sign: '5 syncs', height: 620, width: 1_100 });
  await camera.take({
    name: 'status-page-sync',
    url: `${demo.api}/syncs/users-attributes`,
    sign: 'Rejected rows',
    height: 1_000,
    width: 1_100,
  });
  await demo.session.ledger.apiKeys.revoke('operator');
}
