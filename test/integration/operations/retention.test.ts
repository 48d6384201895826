/** What is kept goes when its time has come, and not before: one table, one folder after the other. */
import { randomUUID } from 'node:crypto';
import { readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RateBudgets } from '../../../activities/braze/rate-budget.ts';
import { maintain } from '../../../activities/maintain.ts';
import { createFileStaging } from '../../../activities/staging/file-staging.ts';
import { segmentFolder, type Staging } from '../../../activities/staging/staging.ts';
import { PipelineMetrics } from '../../../metrics/pipeline-metrics.ts';
import { openChannels } from '../../../notify/dependencies.ts';
import { NO_CHANGES } from '../../../store/definitions.ts';
import { type Installation, install } from '../../support/installation.ts';

let installation: Installation;
let admin: pg.Client;
let staging: Staging;

beforeAll(async () => {
  installation = await install('retention');
  admin = new pg.Client({ connectionString: installation.environment['CDI_LEDGER_URL'] });
  await admin.connect();
  staging = createFileStaging(installation.stagingFolder, installation.session.keyring);
});

afterAll(async () => {
  await admin.end();
  await installation[Symbol.asyncDispose]();
});

const NO_CHANNELS = openChannels({ smtpUrl: undefined, mailFrom: '', guard: () => true });

async function sweep(): Promise<void> {
  await maintain({
    ledger: installation.session.ledger,
    channels: NO_CHANNELS,
    guard: () => true,
    metrics: new PipelineMetrics(new Registry()),
    staging,
    budgets: new RateBudgets(installation.session.ledger.rateLeases),
    temporal: {
      openRun: async () => 'open',
      pauseSchedule: async () => undefined,
      schedulePauses: async () => new Map(),
    },
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    settings: { leaseTtlMs: 1_000, temporalUi: undefined, egress: [], namespace: 'default' },
  })();
}

/** How each table's rows are made, in the age that is given, and how old they may become. */
const KEPT: readonly { table: string; time: string; most: string; insert: string }[] = [
  {
    table: 'rejected_rows',
    time: 'rejected_at',
    most: '30 days',
    insert: `(run, sync, code, reason, origin, updated_at_text, content, rejected_at)
      values ($1, 's', 'c', 'r', 'braze', '', '\\x0101', now() - $2::interval)`,
  },
  {
    table: 'runs',
    time: 'finished_at',
    most: '366 days',
    insert: `(id, sync, data_type, workflow_run_id, trigger, status, finished_at)
      values ($1, 's', 'events', $1, 'manual', 'success', now() - $2::interval)`,
  },
  {
    table: 'possibly_doubled',
    time: 'recorded_at',
    most: '366 days',
    insert: `(run, sync, epoch, segment, first_batch, last_batch, rows, first_updated_at, last_updated_at, cause, recorded_at)
      values ($1, 's', 1, 1, 0, 1, 1, '', '', 'answer_lost', now() - $2::interval)`,
  },
  {
    table: 'deliveries',
    time: 'sent_at',
    most: '366 days',
    insert: `(key, target, sent_at) values ($1, 'mail', now() - $2::interval)`,
  },
  {
    table: 'incidents',
    time: 'closed_at',
    most: '366 days',
    insert: `(subject_type, subject, kind, detail, closed_at) values ('sync', $1, 'stale', '{}', now() - $2::interval)`,
  },
  {
    table: 'corrections',
    time: 'made_at',
    most: '366 days',
    insert: `(sync, kind, made_by, run, details, made_at)
      values ('s', 'retry', 'me', $1, '{}', now() - $2::interval)`,
  },
  {
    table: 'previews',
    time: 'created_at',
    most: '10 minutes',
    insert: `(id, content, created_at) values ($1, '\\x0101', now() - $2::interval)`,
  },
];

test.each(KEPT)('$table: $most', async ({ table, time, most, insert }) => {
  const [young, old] = [randomUUID(), randomUUID()];
  for (const [id, age] of [
    [young, `${most} -60 seconds`],
    [old, `${most} 60 seconds`],
  ]) {
    await admin.query(`insert into ${table} ${insert}`, [id, age]);
  }
  const present = async (): Promise<number> =>
    (await admin.query(`select ${time} from ${table}`)).rowCount ?? 0;
  expect(await present()).toBe(2);
  await sweep();
  expect(await present()).toBe(1);
  const { rows } = await admin.query<{ young: boolean }>(
    `select ${time} > now() - $1::interval as young from ${table}`,
    [most],
  );
  expect(rows).toEqual([{ young: true }]);
});

const DAY_S = 86_400;

/** A run's folder in staging with a page in it, last touched so many seconds ago. */
async function stage(sync: string, run: string, ageS: number): Promise<void> {
  await staging.write(
    `${segmentFolder({ sync, run, epoch: 1, segment: 1 }, 1)}/page-1.rows`,
    Buffer.from('x'),
  );
  const time = Date.now() / 1_000 - ageS;
  await utimes(join(installation.stagingFolder, sync, run), time, time);
}

const staged = async (sync: string): Promise<string[]> =>
  (await readdir(join(installation.stagingFolder, sync)).catch(() => [])).sort();

test('pages: those that are kept for 30 days at most, those of a dead run for an hour', async () => {
  const open = randomUUID();
  const { ledger } = installation.session;
  await installation.declare({
    name: 'keeps',
    data_type: 'events',
    table: 'keeps',
    options: { keep_rows: '90d' },
  });
  await installation.declare({
    name: 'briefly',
    data_type: 'events',
    table: 'briefly',
    options: { keep_rows: '2d' },
  });
  await installation.declare({ name: 'plain', data_type: 'events', table: 'plain' });
  await ledger.runs.open({
    id: open,
    sync: 'plain',
    dataType: 'events',
    trigger: 'manual',
    workflowRunId: open,
  });
  await stage('keeps', 'old', 30 * DAY_S + 60);
  await stage('keeps', 'young', 30 * DAY_S - 60);
  await stage('briefly', 'old', 2 * DAY_S + 60);
  await stage('briefly', 'young', 2 * DAY_S - 60);
  await stage('plain', 'dead', 3_660);
  await stage('plain', 'dying', 3_540);
  await stage('plain', open, 30 * DAY_S);
  await stage('unknown', 'left', 3_660);
  await sweep();
  expect(await staged('keeps')).toEqual(['young']);
  expect(await staged('briefly')).toEqual(['young']);
  expect(await staged('plain')).toEqual(['dying', open].sort());
  expect(await staged('unknown')).toEqual([]);
});

test('of a sync whose credential was deleted nothing stays but its record', async () => {
  const { ledger } = installation.session;
  const { definition, secrets } = await ledger.definitions.credential('source');
  await installation.declareCredential({ definition: { ...definition, name: 'brief' }, secrets });
  await installation.declare({ name: 'gone', data_type: 'events', table: 'gone', credential: 'brief' });
  await installation.declare({ name: 'stays', data_type: 'events', table: 'stays' });
  for (const sync of ['gone', 'stays']) {
    const run = randomUUID();
    const holder = { sync, epoch: 1, workflowRunId: run, leaseOwner: run };
    await ledger.runs.open({ id: run, sync, dataType: 'events', trigger: 'manual', workflowRunId: run });
    await ledger.watermarks.begin(sync, run, run);
    await ledger.watermarks.initialise(holder, null, run);
    await ledger.leases.take(sync, run, 60_000);
    await ledger.uploads.open({ ...holder, segment: 1, attempt: 1 }, run, 1);
    await ledger.uploads.confirm(holder, run, 1, {
      token: randomUUID(),
      batches: [0],
      digests: Buffer.alloc(16),
      lastUpdatedAt: '2026-01-01 00:00:00.000000',
      sent: 1,
      requests: 1,
      rejected: [],
      answerLost: [],
      warnings: [],
      reservation: { to: 1, open: null },
    });
    await admin.query(
      `insert into instant_parts (sync, instant, low, high, rows) values ($1, 'i', '0', 'f', 1)`,
      [sync],
    );
    await admin.query(
      `insert into lookback_digests (sync, first_updated_at, last_updated_at, rows, digests) values ($1, '', '', 1, '\\x00')`,
      [sync],
    );
  }
  const tables = ['watermarks', 'instant_parts', 'lookback_digests', 'uploads', 'confirmed_groups', 'leases'];
  const syncsIn = async (table: string): Promise<string[]> =>
    (await admin.query<{ sync: string }>(`select sync from ${table} order by sync`)).rows.map(
      ({ sync }) => sync,
    );
  for (const table of tables) expect(await syncsIn(table), table).toEqual(['gone', 'stays']);

  await ledger.definitions.change({ ...NO_CHANGES, deleteSyncs: ['gone'] });
  await sweep();
  for (const table of tables) expect(await syncsIn(table), table).toEqual(['gone', 'stays']);

  await ledger.definitions.change({ ...NO_CHANGES, deleteCredentials: ['brief'] });
  await sweep();
  for (const table of tables) expect(await syncsIn(table), table).toEqual(['stays']);
});
