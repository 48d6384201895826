import { afterAll, beforeAll, expect, test } from 'vitest';
import { runSync } from '../../../client/commands/run.ts';
import { silentOutput } from '../../support/silent-output.ts';
import { type Installation, install } from '../../support/installation.ts';

let installation: Installation;

beforeAll(async () => {
  installation = await install('slice');
  await installation.startWorker();
});

afterAll(() => installation[Symbol.asyncDispose]());

test('new rows reach Braze, and a second run sends only what was added', async () => {
  const { session, source, braze } = installation;
  await source.query(
    `create table cdi.users (updated_at timestamptz, external_id varchar(100), payload varchar(65535))`,
  );
  await source.query(`insert into cdi.users
    select timestamptz '2026-01-01 00:00Z' + (n / 10) * interval '1 second', 'u' || n, '{"n":' || n || ',"big":9007199254740993}'
    from generate_series(0, 999) n`);
  await installation.declare({
    name: 'users',
    data_type: 'attributes',
    table: 'users',
    options: { page_size: 100, safety_lag: '0s' },
  });

  const first = await runSync(session, silentOutput(), 'users', { wait: true });
  expect(first).toMatchObject({ status: 'success', counts: { read: 1_000, sent: 1_000, rejected: 0 } });
  const profiles = await braze.client.profiles();
  expect(profiles).toHaveLength(1_000);
  expect(profiles.find((profile) => profile.external_id === 'u17')?.attributes).toMatchObject({
    n: '17',
    big: '9007199254740993',
  });

  await source.query(`insert into cdi.users
    select timestamptz '2026-01-01 00:00Z' + 99 * interval '1 second', 'new' || n, '{"n":1}' from generate_series(1, 5) n`);
  const second = await runSync(session, silentOutput(), 'users', { wait: true });
  expect(second).toMatchObject({ status: 'success', counts: { read: 5, sent: 5 } });
  const third = await runSync(session, silentOutput(), 'users', { wait: true });
  expect(third).toMatchObject({ status: 'success', counts: { read: 0, sent: 0, requests: 0 } });
  expect((await braze.client.state()).applied.attributes).toBe(1_005);
});
