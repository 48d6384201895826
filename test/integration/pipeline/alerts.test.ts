/** Incidents: told once by mail and webhook until they are over, gathered where they are many, and found without a worker. */
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { applySchedule } from '../../../client/commands/apply-schedule.ts';
import { resumeSync } from '../../../client/commands/pause.ts';
import { resolveSecrets } from '../../../client/commands/resolve-secrets.ts';
import { parseDefinitions } from '../../../client/definitions/parse-definitions.ts';
import { scheduleId } from '../../../model/names.ts';
import { openChannels } from '../../../notify/dependencies.ts';
import { look } from '../../../notify/watch.ts';
import { isSignedBy } from '../../../notify/webhook-signature.ts';
import { addressGuard } from '../../../outbound/address-guard.ts';
import { NO_CHANGES } from '../../../store/definitions.ts';
import type { RunRecord } from '../../../store/runs.ts';
import type { CaughtMail } from '../../mail-catcher/start-mail-catcher.ts';
import { type SpawnedMailCatcher, spawnMailCatcher } from '../../mail-catcher/mail-catcher-client.ts';
import { jsonOf, runCli } from '../../support/cli-process.ts';
import { forgetIncidents } from '../../support/forget-incidents.ts';
import { type HttpSink, startHttpSink } from '../../support/http-sink.ts';
import { type Installation, install } from '../../support/installation.ts';
import { runToEnd } from '../../support/run-to-end.ts';
import { EVENT_COLUMNS, createTable, instant } from '../../support/source-table.ts';

const CONTACT = 'team@example.com';
const SECRET = 'webhook-secret';

let installation: Installation;
let mail: SpawnedMailCatcher;
let sink: HttpSink;
let number = 0;

beforeAll(async () => {
  mail = await spawnMailCatcher();
  sink = await startHttpSink();
  installation = await install('alerts', { smtpUrl: mail.smtp });
  await declareWorkspace();
  await installation.startWorker();
});

afterAll(async () => {
  await installation[Symbol.asyncDispose]();
  await sink[Symbol.asyncDispose]();
  await mail.kill();
});

beforeEach(async () => {
  await mail.client.reset();
  sink.posted.length = 0;
  sink.next.length = 0;
  // Each test begins without a flood, and without what the last one left open.
  await forgetIncidents(installation);
  await inLedger('update syncs set paused = true');
});

/** The workspace with a webhook, as `cdi apply` would put it there: URL and key are references. */
async function declareWorkspace(): Promise<void> {
  const { session, braze } = installation;
  const definition = {
    kind: 'workspace',
    name: 'main',
    endpoint: braze.url,
    api_key: '${env:BRAZE_KEY}',
    webhooks: [{ name: 'ops', url: '${env:HOOK_URL}', secret: '${env:HOOK_SECRET}' }],
  };
  const parsed = parseDefinitions([{ name: 'w.yaml', text: JSON.stringify(definition) }], {
    workspaces: [],
    credentials: [],
  });
  if (!parsed.valid) throw new Error(JSON.stringify(parsed.problems));
  const env = { BRAZE_KEY: 'sim-key', HOOK_URL: sink.url, HOOK_SECRET: SECRET };
  const secrets = await resolveSecrets(session, parsed.definitions, env);
  const workspaces = parsed.definitions.workspaces.map((each) => ({
    definition: each,
    secrets: secrets.of(each),
  }));
  await session.ledger.definitions.change({ ...NO_CHANGES, workspaces });
}

async function inLedger(text: string, values: unknown[] = []): Promise<void> {
  const client = new pg.Client({ connectionString: installation.session.settings.ledgerUrl });
  await client.connect();
  await client.query(text, values).finally(() => client.end());
}

interface Source {
  readonly name: string;
  readonly table: string;
}

async function declare(
  own: Readonly<Record<string, unknown>> = {},
  notifications: object = {},
): Promise<Source> {
  number += 1;
  const source = { name: `alert-${number}`, table: `alert_${number}` };
  await createTable(installation.source, source.table, EVENT_COLUMNS, [
    { updated_at: instant(1), external_id: 'customer-1', payload: '{"n":1}' },
  ]);
  await installation.declare({
    ...source,
    data_type: 'attributes',
    notifications: { contacts: [CONTACT], ...notifications },
    ...own,
  });
  return source;
}

const run = (name: string): Promise<RunRecord> => runToEnd(installation.session, name);
const rename = (from: string, to: string): Promise<unknown> =>
  installation.source.query(`alter table cdi.${from} rename to ${to}`);

/** The subjects of the mails since the last question, and the events of what was posted. */
async function told(): Promise<{ mails: CaughtMail[]; subjects: string[]; events: string[] }> {
  const mails = await mail.client.mails();
  const events = sink.posted.map(({ body }) => (JSON.parse(body) as { event: string }).event);
  await mail.client.reset();
  sink.posted.length = 0;
  return { mails, subjects: mails.map(({ subject }) => subject), events };
}

const NOTHING = { subjects: [], events: [] };

function dependencies(): Parameters<typeof look>[0] & Disposable {
  const guard = addressGuard(['127.0.0.0/8']);
  const channels = openChannels({ smtpUrl: mail.smtp, mailFrom: 'cdi@example.com', guard });
  return {
    ledger: installation.session.ledger,
    channels,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    settings: { temporalUi: undefined, egress: [], namespace: 'default' },
    [Symbol.dispose]: () => channels.close(),
  };
}

describe('an incident', () => {
  test('is told once, by mail and by a signed webhook, until it is over; another error is another one', async () => {
    const { name, table } = await declare();
    await rename(table, 'hidden');
    for (const _ of [1, 2]) expect(await run(name)).toMatchObject({ status: 'config_error' });
    const [post] = sink.posted;
    const first = await told();
    expect(first.subjects).toEqual([`[braze-cdi] ${name} failed: The source table or view does not exist`]);
    expect(first.mails[0]?.to).toEqual([CONTACT]);
    expect(first.events).toEqual(['failure']);
    const message = {
      timestamp: String(post?.headers['x-cdi-timestamp']),
      signature: String(post?.headers['x-cdi-signature']),
      body: post?.body ?? '',
    };
    expect(isSignedBy(SECRET, message, new Date(), 300_000)).toBe(true);
    expect(JSON.parse(message.body)).toMatchObject({ sync: name, incidents: ['failed:table_missing'] });

    await rename('hidden', table);
    await installation.source.query(`alter table cdi.${table} drop column payload`);
    expect(await run(name)).toMatchObject({ status: 'config_error' });
    expect((await told()).subjects).toEqual([
      `[braze-cdi] ${name} failed: The source lacks a required column`,
    ]);

    await installation.source.query(`alter table cdi.${table} add column payload text default '{"n":1}'`);
    expect(await run(name)).toMatchObject({ status: 'success' });
    const over = await told();
    expect(over.subjects).toEqual([`[braze-cdi] ${name} has recovered`]);
    expect(over.mails[0]?.text).toContain('in 2 runs');
    expect(over.events).toEqual(['recovered']);
    expect(await run(name)).toMatchObject({ status: 'success' });
    expect(await told()).toMatchObject(NOTHING);
  });

  test('of rows in the future is told once, and that they are gone', async () => {
    const { name, table } = await declare();
    await installation.source.query(`insert into cdi.${table} (updated_at, external_id, payload)
      values (now() + interval '1 day', 'customer-2', '{}')`);
    await run(name);
    await run(name);
    const { subjects, mails } = await told();
    expect(subjects).toEqual([`[braze-cdi] ${name} has rows in the future`]);
    expect(mails[0]?.text).toContain('UPDATED_AT lies in the future: 1 row.');
    await installation.source.query(`delete from cdi.${table} where updated_at > now()`);
    await run(name);
    expect((await told()).subjects).toEqual([`[braze-cdi] ${name} has recovered`]);
  });

  test('that one channel could not tell is told there later, and nowhere twice', async () => {
    const { name, table } = await declare();
    await rename(table, 'hidden_too');
    sink.next.push(400);
    expect(await run(name)).toMatchObject({ status: 'config_error' });
    expect(sink.posted).toHaveLength(2);
    expect((await told()).subjects).toHaveLength(1);
  });
});

describe('failures that only a person can mend', () => {
  test('pause the schedule with a note that says why; `cdi resume` lets it go and counts anew', async () => {
    const { session } = installation;
    const { name, table } = await declare({
      schedule: { every: '12h' },
      options: { pause_after_failures: 2 },
    });
    const { definition } = await session.ledger.definitions.sync(name);
    await session.ledger.definitions.setPaused(name, false, null);
    await applySchedule(session, name, definition, 'create');
    const { schedule } = await session.temporal();
    const state = async (): Promise<{ paused: boolean; note?: string | undefined }> =>
      (await schedule.getHandle(scheduleId(name)).describe()).state;
    try {
      await rename(table, 'hidden_again');
      await run(name);
      expect(await state()).toMatchObject({ paused: false });
      await run(name);
      const note = `Paused: 2 runs in a row failed. The source table or view does not exist. Once it is mended: cdi resume ${name}`;
      expect(await state()).toMatchObject({ paused: true, note });
      expect(await session.ledger.definitions.sync(name)).toMatchObject({ paused: true, pauseNote: note });
      const { subjects, mails } = await told();
      expect(subjects).toEqual([
        `[braze-cdi] ${name} failed: The source table or view does not exist`,
        `[braze-cdi] ${name} is paused after failed runs`,
      ]);
      expect(mails[1]?.text).toContain(`cdi resume ${name}`);

      await resumeSync(session, name, 'mended');
      expect(await state()).toMatchObject({ paused: false });
      await run(name);
      expect(await state()).toMatchObject({ paused: false });
    } finally {
      await schedule.getHandle(scheduleId(name)).delete();
    }
  });
});

describe('the watch', () => {
  /** A sync that should have run long ago, as a worker that is gone leaves it. */
  async function declareStale(notifications: object = {}): Promise<string> {
    const { name } = await declare({ schedule: { every: '1h' } }, notifications);
    await installation.session.ledger.definitions.setPaused(name, false, null);
    await inLedger(
      `update syncs set tested_at = now() - interval '5 hours', resumed_at = null where name = $1`,
      [name],
    );
    return name;
  }

  test('as a command finds a stale sync without a worker or Temporal, and a secret about to expire', async () => {
    const name = await declareStale();
    const { definition, secrets } = await installation.session.ledger.definitions.credential('source');
    await installation.declareCredential({ definition: { ...definition, expires: '2020-01-01' }, secrets });
    const environment = { ...installation.environment, TEMPORAL_ADDRESS: '127.0.0.1:1' };
    const first = await runCli(environment, ['watch', '--once', '--json']);
    expect(first).toMatchObject({ code: 0 });
    expect(jsonOf(first)).toEqual({ opened: 2, closed: 0, told: 2 });
    expect((await told()).subjects.toSorted()).toEqual([
      `[braze-cdi] ${name} is stale`,
      '[braze-cdi] credential source is about to expire',
    ]);
    expect(jsonOf(await runCli(environment, ['watch', '--once', '--json']))).toMatchObject({ told: 0 });

    await installation.declareCredential({ definition, secrets });
    expect(await run(name)).toMatchObject({ status: 'success' });
    using watch = dependencies();
    expect(await look(watch)).toMatchObject({ opened: 0 });
    expect((await told()).subjects.toSorted()).toEqual([
      `[braze-cdi] ${name} has recovered`,
      '[braze-cdi] credential source has recovered',
    ]);
  });

  test('tells many at once in one message, each reader theirs, and no second one soon after', async () => {
    const names: string[] = [];
    for (let each = 0; each < 6; each += 1)
      names.push(await declareStale(each === 0 ? { contacts: [CONTACT, 'other@example.com'] } : {}));
    using watch = dependencies();
    expect(await look(watch)).toEqual({ opened: 6, closed: 0, told: 6 });
    const { mails, subjects, events } = await told();
    expect(subjects.toSorted()).toEqual([
      '[braze-cdi] 1 incident: 1 opened',
      '[braze-cdi] 6 incidents: 6 opened',
    ]);
    const [all] = mails.filter(({ to }) => to.includes(CONTACT));
    for (const name of names) expect(all?.text).toContain(`${name} is stale.`);
    expect(events).toEqual(['summary']);

    await installation.session.ledger.incidents.close(await installation.session.ledger.incidents.open());
    await inLedger('update syncs set paused = true');
    expect(await look(watch)).toMatchObject({ told: 0 });
    expect(await told()).toMatchObject(NOTHING);
    await inLedger(`update notices set told_at = told_at - interval '11 minutes' where told_at is not null`);
    expect(await look(watch)).toMatchObject({ told: 6 });
    expect((await told()).events).toEqual(['summary']);
  });

  test('a webhook that stays away repeats no mail, and lets no flood through', async () => {
    for (let each = 0; each < 6; each += 1) await declareStale();
    using watch = dependencies();
    sink.next.push(...Array.from({ length: 20 }, () => 404));
    expect(await look(watch)).toMatchObject({ opened: 6, told: 0 });
    expect((await told()).subjects).toEqual(['[braze-cdi] 6 incidents: 6 opened']);
    // One more, within the same flood, and then after it: each reader hears of it once.
    const late = await declareStale();
    expect(await look(watch)).toMatchObject({ opened: 1, told: 0 });
    expect((await told()).subjects).toEqual([]);
    await inLedger(`update deliveries set sent_at = sent_at - interval '11 minutes'`);
    expect(await look(watch)).toMatchObject({ opened: 0, told: 0 });
    const { mails, subjects } = await told();
    expect(subjects).toEqual(['[braze-cdi] 1 incident: 1 opened']);
    expect(mails[0]?.text).toContain(`${late} is stale.`);
    // The webhook is back: it gets all, and nobody else anything.
    sink.next.length = 0;
    await inLedger(`update deliveries set sent_at = sent_at - interval '11 minutes'`);
    expect(await look(watch)).toMatchObject({ opened: 0, told: 7 });
    expect(await told()).toMatchObject({ subjects: [], events: ['summary'] });
    expect(await look(watch)).toMatchObject({ told: 0 });
  });

  test('tries again what did not reach everybody, where it did not', async () => {
    await declareStale();
    using watch = dependencies();
    sink.next.push(400);
    await expect(look(watch)).rejects.toMatchObject({ type: 'webhook_unavailable' });
    expect((await told()).subjects).toHaveLength(1);
    expect(await look(watch)).toMatchObject({ opened: 0, told: 1 });
    expect(await told()).toMatchObject({ subjects: [], events: ['opened'] });
    expect(await look(watch)).toMatchObject({ told: 0 });
  });

  test('in several processes at once tells nothing twice', async () => {
    const name = await declareStale();
    using first = dependencies();
    using second = dependencies();
    await Promise.all([look(first), look(second), look(first), look(second)]);
    expect(await told()).toMatchObject({ subjects: [`[braze-cdi] ${name} is stale`], events: ['opened'] });
  });
});
