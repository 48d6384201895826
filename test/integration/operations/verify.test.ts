/** `cdi verify`, and the verification that a run begins with. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Verification } from '../../../model/reconciliation.ts';
import { type SpawnedMailCatcher, spawnMailCatcher } from '../../mail-catcher/mail-catcher-client.ts';
import { jsonOf, runCli, type CliResult } from '../../support/cli-process.ts';
import { addEvents, createEvents, instantOf } from '../../support/event-table.ts';
import { type Installation, install } from '../../support/installation.ts';
import { runToEnd } from '../../support/run-to-end.ts';

let installation: Installation;
let mails: SpawnedMailCatcher;

beforeAll(async () => {
  mails = await spawnMailCatcher();
  installation = await install('verify', { smtpUrl: mails.smtp });
  await installation.startWorker();
});

afterAll(async () => {
  await installation[Symbol.asyncDispose]();
  await mails.kill();
});

const cli = (...args: string[]): Promise<CliResult> => runCli(installation.environment, args);
const verify = async (...args: string[]): Promise<Verification & { unread: number; gone: number }> =>
  jsonOf(await cli('verify', 'events', ...args, '--json'));

test('every row is accounted for: delivered, rejected, waiting, gone, never read', async () => {
  const { source } = installation;
  await createEvents(source, 'events', 200);
  await source.query(`insert into cdi.events values ('2025-12-31', 'u', 'no json')`);
  await installation.declare({
    name: 'events',
    data_type: 'events',
    table: 'events',
    options: { safety_lag: '1h' },
  });
  expect(await verify()).toMatchObject({ watermark: null, waiting: { due: 201 }, unread: 0 });
  expect(await runToEnd(installation.session, 'events')).toMatchObject({ status: 'partial' });

  await addEvents(source, 'events', 200, 100);
  await runToEnd(installation.session, 'events');
  await addEvents(source, 'events', 300, 5);
  await source.query(
    `insert into cdi.events values (now(), 'u', '{}'), (now() + interval '1 day', 'u', '{}'), (null, 'u', '{}')`,
  );
  expect(await verify()).toEqual({
    sync: 'events',
    watermark: instantOf(299),
    window: { from: null, inclusive: true, to: instantOf(299), sent: 300, rejected: 1, inTable: 301 },
    waiting: { due: 5, recent: 1, future: 1 },
    withoutTimestamp: 1,
    rejectedOnOffer: 1,
    unread: 0,
    gone: 0,
  });
  // The second run's own rows, by times within it.
  expect(await verify('--from', '2026-01-01T00:00:00.025Z')).toMatchObject({
    window: {
      from: instantOf(199),
      inclusive: false,
      to: instantOf(299),
      sent: 100,
      rejected: 0,
      inTable: 100,
    },
  });
  expect(await verify('--to', '2026-01-01T00:00:00.005Z')).toMatchObject({
    window: { from: null, to: instantOf(199), sent: 200, rejected: 1, inTable: 201 },
  });

  await source.query(`delete from cdi.events where external_id in ('u1', 'u2')`);
  const gone = await cli('verify', 'events');
  expect(gone).toMatchObject({ code: 0 });
  expect(gone.stdout).toMatch(/handled, updated or deleted since +2\n/);

  await source.query(
    `insert into cdi.events select '2026-01-01 00:00:00.001Z', 'late' || n, '{}' from generate_series(1, 5) n`,
  );
  const late = await cli('verify', 'events');
  expect(late).toMatchObject({ code: 1 });
  expect(late.stdout).toMatch(/in the table, never read +3\n/);
  expect(late.stderr).toContain('events: at least 3 rows behind the watermark were never read.');
});

test('with `verify` a run begins with it, tells the contacts once, and then waits for its interval', async () => {
  const { source, session } = installation;
  await createEvents(source, 'watched', 50);
  await installation.declare({
    name: 'watched',
    data_type: 'events',
    table: 'watched',
    options: { verify: '1h' },
  });
  await runToEnd(session, 'watched');
  // No verification is due while there is nothing to compare with: the first run leaves it to the second.
  await source.query(`insert into cdi.watched values ('2025-06-01', 'late', '{}')`);
  const second = await runToEnd(session, 'watched');
  expect(second).toMatchObject({
    status: 'success',
    unreadRows: 1,
    warnings: ['At least 1 row behind the watermark were never read: see `cdi verify watched`.'],
  });
  const watched = { type: 'sync', name: 'watched' } as const;
  expect(await session.ledger.incidents.open(watched)).toMatchObject([
    { kind: 'rows_unread', detail: { rows: 1 }, run: second.id },
  ]);
  expect(await runToEnd(session, 'watched')).toMatchObject({ unreadRows: null, warnings: [] });
  expect(await session.ledger.incidents.open(watched)).toHaveLength(1);
});

test('it is refused for a sync that reads its table whole, and with times that are none', async () => {
  await installation.declare({
    name: 'read-whole',
    data_type: 'attributes',
    table: 'whole',
    full_refresh: true,
  });
  expect(await cli('verify', 'read-whole')).toMatchObject({ code: 2 });
  expect(await cli('verify', 'events', '--from', 'yesterday')).toMatchObject({ code: 2 });
  expect(await cli('verify', 'unknown')).toMatchObject({ code: 4 });
});
