/** Who is told what about a run, and that no mail server can fail one. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Registry } from 'prom-client';
import { PipelineMetrics } from '../../../metrics/pipeline-metrics.ts';
import { openChannels } from '../../../notify/dependencies.ts';
import { notify } from '../../../activities/notify.ts';
import { RateBudgets } from '../../../activities/braze/rate-budget.ts';
import { createFileStaging } from '../../../activities/staging/file-staging.ts';
import type { RunRecord } from '../../../store/runs.ts';
import type { CaughtMail } from '../../mail-catcher/start-mail-catcher.ts';
import { type SpawnedMailCatcher, spawnMailCatcher } from '../../mail-catcher/mail-catcher-client.ts';
import { type Installation, install } from '../../support/installation.ts';
import { endOfRun, runToEnd, startRun } from '../../support/run-to-end.ts';
import { EVENT_COLUMNS, type TableRow, addRows, createTable, instant } from '../../support/source-table.ts';
import { storedWorkflows } from '../../support/temporal-storage.ts';

const CONTACTS = ['first.contact@example.com', 'second.contact@example.com'];

let installation: Installation;
let mail: SpawnedMailCatcher;
let number = 0;

beforeAll(async () => {
  mail = await spawnMailCatcher();
  installation = await install('notifications', { smtpUrl: mail.smtp });
  await installation.startWorker();
});

afterAll(async () => {
  await installation[Symbol.asyncDispose]();
  await mail.kill();
});

beforeEach(async () => {
  await installation.braze.client.reset();
  await mail.client.reset();
});

/** Attributes of which the first `bad` are rejected, in two ways. */
function rows(count: number, bad: number, from = 0): TableRow[] {
  return Array.from({ length: count }, (_, index) => {
    const n = from + index;
    const payload = index >= bad ? `{"n":${n}}` : index % 3 === 0 ? '[]' : 'no json';
    return { updated_at: instant(n), external_id: `customer-${n}`, payload };
  });
}

interface Source {
  readonly name: string;
  readonly table: string;
}

async function declare(
  notifications: Readonly<Record<string, unknown>>,
  content: readonly TableRow[],
): Promise<Source> {
  number += 1;
  const source = { name: `told-${number}`, table: `told_${number}` };
  await createTable(installation.source, source.table, EVENT_COLUMNS, content);
  await installation.declare({
    ...source,
    data_type: 'attributes',
    notifications: { contacts: CONTACTS, ...notifications },
  });
  return source;
}

const run = (name: string): Promise<RunRecord> => runToEnd(installation.session, name);

/** The one mail that is out, or undefined where none is. */
async function onlyMail(): Promise<CaughtMail | undefined> {
  const mails = await mail.client.mails();
  expect(mails.length).toBeLessThanOrEqual(1);
  return mails[0];
}

test('an error that stops a run is told to every contact, with what to do', async () => {
  const { name, table } = await declare({}, []);
  await installation.source.query(`alter table cdi.${table} drop column payload`);
  expect(await run(name)).toMatchObject({ status: 'config_error' });
  const told = await onlyMail();
  expect(told?.to).toEqual(CONTACTS);
  expect(told?.subject).toContain(name);
  for (const part of [told?.text, told?.html]) {
    expect(part).toContain('The source has no column PAYLOAD.');
    expect(part).toContain('Add the column to the table or view');
  }
});

test('a table that is gone is told with the statements that bring it back', async () => {
  const { name, table } = await declare({}, []);
  await installation.source.query(`drop table cdi.${table}`);
  expect(await run(name)).toMatchObject({ status: 'config_error' });
  const told = await onlyMail();
  expect(told?.text).toContain(`  CREATE TABLE IF NOT EXISTS "cdi"."${table}" (\n`);
  expect(told?.text).toContain(`  GRANT SELECT ON "cdi"."${table}" TO "`);
  expect(told?.text).toContain(`--schema cdi --table ${table} --check`);
});

test('rejected rows are told from the threshold on, by reason, with identifiers masked', async () => {
  const { name, table } = await declare({ row_errors_percent: 10 }, rows(101, 10));
  expect(await run(name)).toMatchObject({ status: 'partial', counts: { read: 101, rejected: 10 } });
  expect(await onlyMail()).toBeUndefined();

  await addRows(installation.source, table, rows(100, 10, 1_000));
  expect(await run(name)).toMatchObject({ status: 'partial', counts: { read: 100, rejected: 10 } });
  const told = await onlyMail();
  expect(told?.to).toEqual(CONTACTS);
  for (const part of [told?.text ?? '', told?.html ?? '']) {
    expect(part).toContain('PAYLOAD is not valid JSON.');
    expect(part).toContain('PAYLOAD must be one JSON object');
    expect(part).toContain('2026-01-01 00:00:01.000');
    expect(part).toContain('cu***');
    expect(part).not.toContain('customer-');
    expect(part).not.toContain('no json');
  }
});

test('rejected rows are not told where nobody asked', async () => {
  const { name } = await declare({ on_success: true }, rows(10, 10));
  expect(await run(name)).toMatchObject({ status: 'partial', counts: { sent: 0, rejected: 10 } });
  expect(await onlyMail()).toBeUndefined();
});

test('success is told where asked, and without rows only where that was asked as well', async () => {
  const quiet = await declare({}, rows(3, 0));
  const asked = await declare({ on_success: true }, rows(3, 0));
  const eager = await declare({ on_success: true, on_empty_success: true }, rows(3, 0));
  const mailsOf = async (sync: Source): Promise<number> => {
    await mail.client.reset();
    expect(await run(sync.name)).toMatchObject({ status: 'success' });
    return (await mail.client.mails()).length;
  };
  expect(await mailsOf(quiet)).toBe(0);
  expect(await mailsOf(asked)).toBe(1);
  expect(await mailsOf(asked)).toBe(0);
  expect(await mailsOf(eager)).toBe(1);
  expect(await mailsOf(eager)).toBe(1);
});

test('a cancelled run is told to nobody', async () => {
  const { name } = await declare({ on_success: true, on_empty_success: true }, rows(600, 0));
  await installation.braze.client.setLatency({ ms: 1_000 });
  const id = await startRun(installation.session, name);
  await expect
    .poll(async () => (await installation.braze.client.state()).received.attributes, { timeout: 30_000 })
    .toBeGreaterThan(0);
  const client = await installation.session.temporal();
  await client.workflow.getHandle(`sync/${name}`, id).cancel();
  expect(await endOfRun(installation.session, name, id)).toMatchObject({ status: 'cancelled' });
  expect(await onlyMail()).toBeUndefined();
});

test('a mail server that stalls fails no run; the mail is out once it listens, once', async () => {
  const { name } = await declare({ on_success: true }, rows(5, 0));
  await mail.client.setMode('stall');
  const id = await startRun(installation.session, name);
  await expect.poll(() => failedAttempts(name, 'notify'), { timeout: 30_000, interval: 200 }).toBe(1);
  // The run is over for everybody but the mail.
  expect(await installation.session.ledger.runs.get(id)).toMatchObject({ status: 'success' });
  await mail.client.setMode('accept');
  expect(await endOfRun(installation.session, name, id)).toMatchObject({ status: 'success' });
  expect((await onlyMail())?.to).toEqual(CONTACTS);
});

/** How often an activity that is under way has failed. */
async function failedAttempts(sync: string, type: string): Promise<number> {
  const client = await installation.session.temporal();
  const { raw } = await client.workflow.getHandle(`sync/${sync}`).describe();
  const pending = (raw.pendingActivities ?? []).find(({ activityType }) => activityType?.name === type);
  return pending?.lastFailure ? (pending.attempt ?? 1) - 1 : 0;
}

test('a mail server that refuses fails no run, and what it says is kept out of the history', async () => {
  const { name } = await declare({ on_success: true }, rows(5, 0));
  await mail.client.setMode('refuse');
  expect(await run(name)).toMatchObject({ status: 'success', error: null });
  const client = await installation.session.temporal();
  const result: unknown = await client.workflow.getHandle(`sync/${name}`).result();
  expect(result).toMatchObject({ status: 'success' });
  const [stored] = (await storedWorkflows(installation.session)).filter(
    ({ workflowId }) => workflowId === `sync/${name}`,
  );
  expect(stored?.text).toContain('mail_unavailable');
  expect(stored?.text).not.toContain('contact@example.com');
});

test('a notification that is asked for again is not sent again', async () => {
  const { name } = await declare({}, rows(5, 0));
  const { id } = await run(name);
  await installation.declare({
    name,
    table: `told_${number}`,
    data_type: 'attributes',
    notifications: { contacts: CONTACTS, on_success: true },
  });
  const { ledger } = installation.session;
  const channels = openChannels({ smtpUrl: mail.smtp, mailFrom: 'cdi@example.com', guard: () => true });
  try {
    const step = notify({
      ledger,
      channels,
      guard: () => true,
      metrics: new PipelineMetrics(new Registry()),
      staging: createFileStaging(installation.stagingFolder, ledger.keyring),
      budgets: new RateBudgets(ledger.rateLeases),
      temporal: {
        openRun: async () => undefined,
        pauseSchedule: async () => undefined,
        schedulePauses: async () => new Map(),
      },
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
      settings: { leaseTtlMs: 1_000, temporalUi: undefined, egress: [], namespace: 'default' },
    });
    await mail.client.setMode('refuse');
    await expect(step({ sync: name, run: id })).rejects.toMatchObject({ type: 'mail_unavailable' });
    await mail.client.setMode('accept');
    expect(await step({ sync: name, run: id })).toBe('success');
    expect(await step({ sync: name, run: id })).toBe('success');
  } finally {
    channels.close();
  }
  expect(await mail.client.mails()).toHaveLength(1);
});
