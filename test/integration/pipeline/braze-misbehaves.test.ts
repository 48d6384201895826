/** What a run makes of every way in which Braze can refuse, delay or lose a request. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RunRecord } from '../../../store/runs.ts';
import type { RetryStyle, Rule } from '../../braze-simulator/control-types.ts';
import { type SpawnedMailCatcher, spawnMailCatcher } from '../../mail-catcher/mail-catcher-client.ts';
import { forgetIncidents } from '../../support/forget-incidents.ts';
import { createEvents, expectEvents } from '../../support/event-table.ts';
import { NO_CHANGES } from '../../../store/definitions.ts';
import { type Installation, install } from '../../support/installation.ts';
import { rejectedRows } from '../../support/rejected-rows.ts';
import { endOfRun, runToEnd, startRun } from '../../support/run-to-end.ts';
import { EVENT_COLUMNS, type TableRow, addRows, createTable, instant } from '../../support/source-table.ts';

let installation: Installation;
let mail: SpawnedMailCatcher;
let number = 0;

beforeAll(async () => {
  mail = await spawnMailCatcher();
  installation = await install('misbehaves', { smtpUrl: mail.smtp });
  await installation.startWorker();
});

afterAll(async () => {
  await installation[Symbol.asyncDispose]();
  await mail.kill();
});

beforeEach(async () => {
  await installation.braze.client.reset();
  await mail.client.reset();
  await forgetIncidents(installation);
});

/** Declares a sync over a fresh table of numbered events. */
async function eventSync(rows: number, options: Readonly<Record<string, unknown>> = {}): Promise<string> {
  number += 1;
  const name = `events-${number}`;
  await createEvents(installation.source, `events_${number}`, rows);
  await installation.declare({ name, table: `events_${number}`, data_type: 'events', options });
  return name;
}

/** Declares a sync of attributes over a fresh table, with rows at one-millisecond steps. */
async function attributeSync(
  rows: readonly TableRow[],
  options: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  number += 1;
  const name = `users-${number}`;
  const timed = rows.map((row, index) => ({ updated_at: instant(index), ...row }));
  await createTable(installation.source, `users_${number}`, EVENT_COLUMNS, timed);
  await installation.declare({ name, table: `users_${number}`, data_type: 'attributes', options });
  return name;
}

const script = (...rules: readonly Rule[]): Promise<void> => installation.braze.client.setScript(rules);
const run = (name: string): Promise<RunRecord> => runToEnd(installation.session, name);

/** Part of the text of one numbered event, and of no other. */
const event = (n: number): string => `"n":${n}}`;

/** Numbers of the events that a run rejected, with the code of each. */
async function rejectedEvents({ sync, id }: RunRecord): Promise<[number, string][]> {
  const rows = await rejectedRows(installation.session, sync, id);
  return rows
    .map(({ row, code }): [number, string] => [Number(/"n":(\d+)/.exec(row.payload ?? '')?.[1]), code])
    .sort(([a], [b]) => a - b);
}

/** How often each numbered event is held, for those that are not held exactly once. */
async function notOnce(rows: number): Promise<Map<number, number>> {
  const times = new Map(Array.from({ length: rows }, (_unused, n) => [n, 0]));
  for (const { text } of await installation.braze.client.events()) {
    const n = Number(/"n":(\d+)/.exec(text)?.[1]);
    times.set(n, (times.get(n) ?? 0) + 1);
  }
  return new Map([...times].filter(([, count]) => count !== 1));
}

describe('refusals', () => {
  test('errors[] of a 201 are pinned to the very rows, the others are taken', async () => {
    const bad = [0, 1, 74, 75, 149, 150, 399];
    const name = await eventSync(400, { page_size: 150 });
    await installation.source.query(
      `update cdi.events_${number} set payload = replace(payload, '{"n"', '{"bad":true,"n"')
       where substring(payload from '"n":([0-9]+)')::int = any($1)`,
      [bad],
    );
    await script({ match: { containsText: '"bad":true' }, action: { type: 'merged_refused' } });
    const ended = await run(name);
    expect(ended).toMatchObject({
      status: 'partial',
      counts: { read: 400, sent: 393, rejected: 7, requests: 6 },
    });
    expect(await rejectedEvents(ended)).toEqual(bad.map((n) => [n, 'braze_refused_by_the_script']));
    expect([...(await notOnce(400))]).toEqual(bad.map((n) => [n, 0]));
  });

  test('errors[] of a 201 that name no row are told, and their rows count as sent', async () => {
    const name = await eventSync(400);
    const errors = ['EMAIL_BAD_FORMAT', { type: 'jane@example.com is bad' }];
    await script({ times: 2, action: { type: 'unplaced_errors', errors } });
    expect(await run(name)).toMatchObject({
      status: 'success',
      counts: { read: 400, sent: 400, rejected: 0, requests: 6 },
      warnings: [
        'Braze took requests with an error that names no row (EMAIL_BAD_FORMAT): all their rows count as sent.',
        'Braze took requests with an error that names no row (no code): all their rows count as sent.',
      ],
    });
    expect((await notOnce(400)).size).toBe(0);
  });

  test('a request in which no object is good names each of them', async () => {
    const name = await eventSync(20);
    await script({ match: { containsText: '"n":' }, action: { type: 'merged_refused' } });
    const ended = await run(name);
    expect(ended).toMatchObject({
      status: 'partial',
      counts: { read: 20, sent: 0, rejected: 20, requests: 1 },
    });
    expect((await rejectedEvents(ended)).map(([n]) => n)).toEqual(Array.from({ length: 20 }, (_, n) => n));
  });

  test('a refusal that names no row is narrowed down to exactly the bad rows', async () => {
    const name = await eventSync(300);
    await script(
      ...[17, 18, 137, 299].map((n): Rule => ({
        match: { containsText: event(n) },
        action: { type: '400_anonymous' },
      })),
    );
    const ended = await run(name);
    expect(ended).toMatchObject({
      status: 'partial',
      counts: { read: 300, sent: 296, rejected: 4, possiblyDoubled: 0 },
    });
    expect(await rejectedEvents(ended)).toEqual([17, 18, 137, 299].map((n) => [n, 'braze_bad_request']));
    expect([...(await notOnce(300)).keys()]).toEqual([17, 18, 137, 299]);
  });

  test('user deletes, whose refusals never name a row, are narrowed down as well', async () => {
    number += 1;
    const name = `deletes-${number}`;
    const rows = Array.from({ length: 50 }, (_, n) => ({
      updated_at: instant(n),
      external_id: `user-${n}-`,
    }));
    await createTable(
      installation.source,
      `deletes_${number}`,
      { updated_at: 'timestamptz', external_id: 'text' },
      rows,
    );
    await installation.declare({ name, table: `deletes_${number}`, data_type: 'user_deletes' });
    await script({ match: { containsText: 'user-31-' }, action: { type: 'merged_refused' } });
    const ended = await run(name);
    expect(ended).toMatchObject({ status: 'partial', counts: { read: 50, sent: 49, rejected: 1 } });
    const [rejected] = await rejectedRows(installation.session, name, ended.id);
    expect(rejected?.row.externalId).toBe('user-31-');
    const deleted = (await installation.braze.client.deletes()).map(({ identity }) => identity);
    expect(new Set(deleted).size).toBe(49);
    expect(deleted).toHaveLength(49);
  });

  test('a merged object that is refused goes again row by row; only the row at fault is rejected', async () => {
    const user = (id: string, payload: string): TableRow => ({ external_id: id, payload });
    const name = await attributeSync([
      user('a', '{"first":1}'),
      user('a', '{"second":2}'),
      user('b', '{"first":1}'),
      user('b', '{"third":3}'),
      user('b', '{"first":2,"fourth":4}'),
      user('c', '{"first":1}'),
    ]);
    await script({
      match: { containsText: ['"first":1', '"second":2'] },
      action: { type: 'merged_refused' },
    });
    const ended = await run(name);
    expect(ended).toMatchObject({ status: 'success', counts: { read: 6, sent: 6, rejected: 0 } });
    const attributes = async (): Promise<unknown> =>
      Object.fromEntries(
        (await installation.braze.client.profiles()).map((profile) => [
          profile.external_id,
          profile.attributes,
        ]),
      );
    expect(await attributes()).toEqual({
      a: { first: '1', second: '2' },
      b: { first: '2', third: '3', fourth: '4' },
      c: { first: '1' },
    });

    await addRows(installation.source, `users_${number}`, [
      { updated_at: instant(100), ...user('b', '{"fifth":5}') },
      { updated_at: instant(101), ...user('b', '{"third":3}') },
      { updated_at: instant(102), ...user('b', '{"first":7}') },
    ]);
    await script({ match: { containsText: '"third":3' }, action: { type: 'merged_refused' } });
    const second = await run(name);
    expect(second).toMatchObject({ status: 'partial', counts: { read: 3, sent: 2, rejected: 1 } });
    const [rejected] = await rejectedRows(installation.session, name, second.id);
    expect(rejected?.row.payload).toBe('{"third":3}');
    expect(await attributes()).toMatchObject({ b: { first: '7', third: '3', fourth: '4', fifth: '5' } });
    expect((await installation.braze.client.state()).violations).toEqual({ inFlight: 0, withinRequest: 0 });
  });

  test('413 divides a request, down to the one row that is too large', async () => {
    const name = await eventSync(200);
    await installation.braze.client.setLimits({ bodyBytes: 1_500 });
    await script({ match: { containsText: event(55) }, action: { type: '413' } });
    const ended = await run(name);
    expect(ended).toMatchObject({ status: 'partial', counts: { read: 200, sent: 199, rejected: 1 } });
    expect(await rejectedEvents(ended)).toEqual([[55, 'braze_too_large']]);
    expect([...(await notOnce(200)).keys()]).toEqual([55]);
  });
});

describe('rate limits', () => {
  test.each<RetryStyle>(['reset', 'reset_delta', 'retry_after'])(
    'a 429 in the style %s holds everything back, and costs no attempt',
    async (style) => {
      const name = await eventSync(750, { max_concurrency: 1 });
      await script({ match: { afterRequests: 3 }, times: 1, action: { type: '429', style, seconds: 1 } });
      const ended = await run(name);
      expect(ended).toMatchObject({
        status: 'success',
        counts: { read: 750, sent: 750, rejected: 0, requests: 11, possiblyDoubled: 0 },
      });
      expect((await notOnce(750)).size).toBe(0);
      const record = await installation.braze.client.record();
      const refused = record.find(({ status }) => status === 429);
      const next = record.find(({ seq }) => seq === (refused?.seq ?? 0) + 1);
      expect((next?.arrivedAt ?? 0) - (refused?.answeredAt ?? 0)).toBeGreaterThan(
        style === 'reset' ? 500 : 900,
      );
      expect(await attemptsOf(name, 'upload')).toEqual([1]);
    },
  );

  test('where a 429 does not say how long to wait, each pause is longer than the last', async () => {
    const name = await eventSync(75, { max_concurrency: 1 });
    await script({ times: 3, action: { type: '429', style: 'silent', seconds: 0 } });
    expect(await run(name)).toMatchObject({
      status: 'success',
      counts: { read: 75, sent: 75, rejected: 0, requests: 4, possiblyDoubled: 0 },
    });
    const times = (await installation.braze.client.record()).map(({ arrivedAt }) => arrivedAt);
    const pauses = times.slice(1).map((at, index) => at - (times[index] ?? 0));
    expect(pauses.map((pause, index) => pause >= 950 * 2 ** index)).toEqual([true, true, true]);
    expect(await attemptsOf(name, 'upload')).toEqual([1]);
  });

  test('a limit far below the declared one is kept to, and nothing is lost or doubled', async () => {
    await installation.braze.client.setLimits({ rates: { track: { requests: 5, windowMs: 1_000 } } });
    const name = await eventSync(1_200, { page_size: 300 });
    const ended = await run(name);
    expect(ended).toMatchObject({ status: 'success', counts: { sent: 1_200, possiblyDoubled: 0 } });
    expect((await notOnce(1_200)).size).toBe(0);
    expect(await attemptsOf(name, 'upload')).toEqual([1, 1]);
  });
});

/** The attempt that completed each activity of this type, in the latest run of a sync. */
async function attemptsOf(sync: string, type: string): Promise<number[]> {
  const client = await installation.session.temporal();
  const { events } = await client.workflow.getHandle(`sync/${sync}`).fetchHistory();
  const scheduled = new Set(
    (events ?? [])
      .filter((each) => each.activityTaskScheduledEventAttributes?.activityType?.name === type)
      .map((each) => String(each.eventId)),
  );
  return (events ?? []).flatMap(({ activityTaskStartedEventAttributes: started }) =>
    started && scheduled.has(String(started.scheduledEventId)) ? [started.attempt ?? 0] : [],
  );
}

describe('lost answers', () => {
  const ROWS = 1_500;

  test.each([
    ['5xx before acceptance', { type: '5xx_before', status: 503 }],
    ['a reset before acceptance', { type: 'reset_before' }],
  ] as const)('%s: nothing is lost and nothing doubled', async (_what, action) => {
    const name = await eventSync(ROWS, { page_size: 600 });
    await script({ match: { everyNth: 4 }, times: 4, action });
    expect(await run(name)).toMatchObject({ status: 'success', counts: { sent: ROWS, rejected: 0 } });
    expect(await expectEvents(installation.braze.client, installation.session, name, ROWS)).toEqual({
      doubled: 0,
    });
  });

  test.each([
    ['5xx after acceptance', { type: '5xx_after', status: 500 }],
    ['a reset after acceptance', { type: 'reset_after' }],
    ['an answer that never comes', { type: 'stall', ms: 200, applied: true }],
  ] as const)('%s: nothing is lost, and what doubled is on record', async (_what, action) => {
    const name = await eventSync(ROWS, { page_size: 600 });
    await script({ match: { everyNth: 4 }, times: 5, action });
    const ended = await run(name);
    expect(ended).toMatchObject({ status: 'success', counts: { sent: ROWS, rejected: 0 } });
    const { possiblyDoubled } = ended.counts;
    expect(possiblyDoubled).toBeGreaterThan(0);
    expect(await expectEvents(installation.braze.client, installation.session, name, ROWS)).toEqual({
      doubled: possiblyDoubled,
    });
    const ranges = await installation.session.ledger.runs.possiblyDoubled(ended.id);
    expect(new Set(ranges.map(({ cause }) => cause))).toEqual(new Set(['answer_lost']));
  });

  test('an answer lost before a run fails is on record in the run that sends the rows again', async () => {
    const name = await eventSync(60);
    await script({ times: 1, action: { type: 'stall', ms: 500, applied: true } });
    const first = await startRun(installation.session, name);
    await expect.poll(async () => (await installation.braze.client.state()).events).toBe(60);
    await installation.braze.client.setKeys([{ key: 'sim-key', revoked: true }]);
    expect(await endOfRun(installation.session, name, first)).toMatchObject({
      status: 'config_error',
      error: { type: 'braze_unauthorized' },
    });
    await installation.braze.client.setKeys([{ key: 'sim-key' }]);
    expect(await run(name)).toMatchObject({ status: 'success', counts: { sent: 60, possiblyDoubled: 60 } });
    expect(await expectEvents(installation.braze.client, installation.session, name, 60)).toEqual({
      doubled: 60,
    });
  });
});

describe('what somebody has to mend', () => {
  /** Runs a sync that must end as config_error with its watermark unmoved and a mail out. */
  async function expectStopped(name: string, type: string): Promise<void> {
    const ended = await run(name);
    expect(ended).toMatchObject({
      status: 'config_error',
      error: { type },
      counts: { sent: 0, rejected: 0 },
      watermarkAfter: null,
    });
    const mails = await mail.client.mails();
    expect(mails).toHaveLength(1);
    expect(mails[0]).toMatchObject({ to: ['team@example.com'] });
    expect(mails[0]?.subject).toContain(name);
  }

  async function expectMended(name: string, rows: number): Promise<void> {
    expect(await run(name)).toMatchObject({ status: 'success', counts: { read: rows, sent: rows } });
    expect((await notOnce(rows)).size).toBe(0);
    const subjects = (await mail.client.mails()).map(({ subject }) => subject);
    expect(subjects.slice(1)).toEqual([`[braze-cdi] ${name} has recovered`]);
  }

  test('a key that Braze does not know', async () => {
    const name = await eventSync(300);
    await installation.braze.client.setKeys([{ key: 'sim-key', revoked: true }]);
    await expectStopped(name, 'braze_unauthorized');
    await installation.braze.client.setKeys([{ key: 'sim-key' }]);
    await expectMended(name, 300);
  });

  test('a key without the permission', async () => {
    const name = await eventSync(300);
    await installation.braze.client.setKeys([{ key: 'sim-key', permissions: ['users.delete'] }]);
    await expectStopped(name, 'braze_forbidden');
    await installation.braze.client.setKeys([{ key: 'sim-key' }]);
    await expectMended(name, 300);
  });

  test('an endpoint that is none of Braze', async () => {
    const name = await eventSync(300);
    const server = createServer((request, response) => {
      request.resume();
      response.writeHead(404).end('not here');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      await moveWorkspace(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
      await expectStopped(name, 'braze_not_found');
    } finally {
      await moveWorkspace(installation.braze.url);
      server.closeAllConnections();
      server.close();
    }
    await expectMended(name, 300);
  });

  async function moveWorkspace(endpoint: string): Promise<void> {
    const { definitions } = installation.session.ledger;
    const { definition, apiKey } = await definitions.workspace('main');
    await definitions.change({
      ...NO_CHANGES,
      workspaces: [{ definition: { ...definition, endpoint }, secrets: { api_key: apiKey } }],
    });
  }

  test('a catalog that is missing', async () => {
    await createTable(
      installation.source,
      'items',
      { updated_at: 'timestamptz', id: 'text', payload: 'text' },
      [{ updated_at: instant(0), id: 'a', payload: '{"name":"A"}' }],
    );
    await installation.declare({ name: 'items', table: 'items', data_type: 'catalog', catalog: 'shop' });
    await expectStopped('items', 'catalog_missing');
    await installation.braze.client.putCatalog({
      name: 'shop',
      fields: [
        { name: 'id', type: 'string' },
        { name: 'name', type: 'string' },
      ],
    });
    expect(await run('items')).toMatchObject({ status: 'success', counts: { sent: 1 } });
    expect(await installation.braze.client.catalogItems('shop')).toEqual([
      { id: 'a', fields: { name: '"A"' } },
    ]);
  });
});

test('many updates of one user, mixed with operators, end at the value of the table', async () => {
  let total = 0n;
  let last = '';
  const rows = Array.from({ length: 50 }, (_, n): TableRow => {
    if (n % 3 === 0) {
      total += BigInt(n);
      return { external_id: 'one', payload: `{"total":{"inc":${n}}}` };
    }
    last = `${n}.0`;
    return { external_id: 'one', payload: `{"last":${last}}` };
  });
  const others = Array.from({ length: 300 }, (_, n): TableRow => ({
    external_id: `o${n}`,
    payload: `{"n":${n}}`,
  }));
  const mixed = others.flatMap((row, n) => (n % 6 === 0 ? [row, rows[n / 6] ?? row] : [row]));
  const name = await attributeSync(mixed, { page_size: 40, segment_rows: 130 });
  await installation.braze.client.setLatency({ ms: 15, jitterMs: 15 });
  await script({ match: { everyNth: 9 }, times: 3, action: { type: '5xx_before', status: 502 } });
  expect(await run(name)).toMatchObject({ status: 'success', counts: { sent: 350, rejected: 0 } });
  const profiles = await installation.braze.client.profiles();
  expect(profiles.find(({ external_id: id }) => id === 'one')?.attributes).toEqual({
    total: String(total),
    last,
  });
  expect(profiles).toHaveLength(301);
  expect((await installation.braze.client.state()).violations).toEqual({ inFlight: 0, withinRequest: 0 });
});
