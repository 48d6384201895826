/** Nothing of a row and no secret is stored by Temporal, written to a log, or kept in clear on disk. */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testOneSync } from '../../../client/commands/test.ts';
import { runWorkflowId } from '../../../model/names.ts';
import type { maintenance, scheduledSync } from '../../../workflows/index.ts';
import { NO_CHANGES } from '../../../store/definitions.ts';
import {
  type Installation,
  type WorkerProcess,
  install,
  redshiftCredentialOf,
} from '../../support/installation.ts';
import { rejectedRows } from '../../support/rejected-rows.ts';
import { endOfRun, runToEnd, startRun } from '../../support/run-to-end.ts';
import { silentOutput } from '../../support/silent-output.ts';
import { ATTRIBUTE_COLUMNS, type TableRow, createTable, instant } from '../../support/source-table.ts';
import { storedWorkflows } from '../../support/temporal-storage.ts';

/** Every planted value holds this text, and nothing else does. */
const PLANTED = 'planted';
const EXTERNAL_ID = 'planted-external-id';
const EMAIL = 'planted.person@example.com';
const PHONE = '+1-planted-phone';
const API_KEY = 'planted-api-key';
const PASSWORD = 'planted-password';
const WRONG_PASSWORD = 'planted-wrong-password';

let installation: Installation;
let worker: WorkerProcess;

beforeAll(async () => {
  installation = await install('privacy');
  worker = await installation.startWorker();
  await installation.braze.client.setKeys([{ key: API_KEY }]);
  await installation.source.query(`
    create role privacy_reader login password '${PASSWORD}';
    grant usage on schema cdi to privacy_reader;
    alter default privileges in schema cdi grant select on tables to privacy_reader`);
  await useSecrets({ password: PASSWORD, apiKey: API_KEY });
});

afterAll(async () => {
  await installation.source.query('drop owned by privacy_reader; drop role privacy_reader');
  await installation[Symbol.asyncDispose]();
});

async function useSecrets(secrets: { password: string; apiKey: string }): Promise<void> {
  const { definitions } = installation.session.ledger;
  const workspace = await definitions.workspace('main');
  const credential = await redshiftCredentialOf(installation.session, 'source');
  await definitions.change({
    ...NO_CHANGES,
    workspaces: [{ definition: workspace.definition, secrets: { api_key: secrets.apiKey } }],
    credentials: [
      {
        definition: { ...credential.definition, user: 'privacy_reader' },
        secrets: { password: secrets.password },
      },
    ],
  });
}

/** Rows that hold planted values in every column; each seventh is rejected by a rule. */
function plantedRows(count: number): TableRow[] {
  return Array.from({ length: count }, (_, n): TableRow => {
    const updated_at = instant(n);
    const payload = `{"planted_key_${n % 3}":"planted payload ${n}"}`;
    if (n % 7 === 1) return { updated_at, external_id: `${EXTERNAL_ID}-${n}`, email: EMAIL, payload };
    if (n % 7 === 2) return { updated_at, email: `${n}.${EMAIL}`, payload };
    if (n % 7 === 3) return { updated_at, phone: `${PHONE}-${n}`, payload };
    if (n % 7 === 4) return { updated_at, alias_name: `planted-alias-${n}`, alias_label: 'planted', payload };
    return { updated_at, external_id: `${EXTERNAL_ID}-${n}`, payload };
  });
}

async function declare(
  name: string,
  rows: number,
  options: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const table = name.replaceAll('-', '_');
  await createTable(installation.source, table, ATTRIBUTE_COLUMNS, plantedRows(rows));
  await installation.declare({ name, table, data_type: 'attributes', options });
  return name;
}

/** A view whose rows make the warehouse quote a value in its error. */
async function declareFailing(name: string): Promise<string> {
  const view = name.replaceAll('-', '_');
  await installation.source.query(
    `create view cdi.${view} as select now() - interval '1 hour' as updated_at, '${EXTERNAL_ID}'::text as external_id,
            ('${EXTERNAL_ID}' || random())::int::text as payload`,
  );
  await installation.declare({ name, table: view, data_type: 'attributes' });
  return name;
}

async function filesBelow(folder: string): Promise<Buffer[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Promise.all(files.map((file) => readFile(join(file.parentPath, file.name))));
}

test('no planted value is in any history, in the log, in staging or in clear in the ledger', async () => {
  const { session, braze } = installation;

  // Success, with its pages kept, and by way of the schedule's workflow.
  const kept = await declare('privacy-kept', 6, { keep_rows: '1h' });
  const client = await session.temporal();
  await client.workflow.execute<typeof scheduledSync>('scheduledSync', {
    workflowId: 'scheduled/privacy-kept',
    taskQueue: session.queues.control,
    args: [kept],
  });
  expect(await session.ledger.runs.ofSync(kept, 1)).toMatchObject([{ status: 'partial' }]);

  // Partial: by the rules, by Braze with and without a name.
  const partial = await declare('privacy-partial', 200, { keep_rows: '1h' });
  await braze.client.setScript([
    { match: { containsText: 'planted payload 49"' }, action: { type: 'merged_refused' } },
    { match: { containsText: 'planted payload 63"' }, action: { type: '400_anonymous' } },
    { match: { containsText: 'planted payload 140"' }, times: 1, action: { type: 'reset_after' } },
  ]);
  const record = await runToEnd(session, partial);
  expect(record).toMatchObject({ status: 'partial' });
  const rejected = await rejectedRows(session, partial, record.id);
  expect(new Set(rejected.map(({ origin }) => origin))).toEqual(new Set(['validation', 'braze']));
  await braze.client.setScript([]);

  // Failures: of the query, of the database password, of the API key.
  const failing = await declareFailing('privacy-failing');
  expect(await runToEnd(session, failing)).toMatchObject({ error: { type: 'query_refused', code: '22P02' } });
  await useSecrets({ password: WRONG_PASSWORD, apiKey: API_KEY });
  const refused = await declare('privacy-refused', 10);
  expect(await runToEnd(session, refused)).toMatchObject({ error: { type: 'credentials_invalid' } });
  await expect(testOneSync(session, silentOutput(), refused)).rejects.toThrow(/credentials_invalid/);
  await useSecrets({ password: PASSWORD, apiKey: `${API_KEY}-wrong` });
  expect(await runToEnd(session, refused)).toMatchObject({ error: { type: 'braze_unauthorized' } });
  await useSecrets({ password: PASSWORD, apiKey: API_KEY });

  // Tests with a preview, one of which nobody comes for.
  await testOneSync(session, silentOutput(), partial);
  await expect(testOneSync(session, silentOutput(), failing)).rejects.toThrow(/query_refused/);
  await client.workflow.execute('testSync', {
    workflowId: 'test/privacy-partial/left',
    taskQueue: session.queues.control,
    args: [partial, 'left'],
  });

  // Cancelled in the middle, and looked at while it works.
  const cancelled = await declare('privacy-cancelled', 3_000, { max_concurrency: 1 });
  await braze.client.setLatency({ ms: 300 });
  const before = (await braze.client.state()).received.attributes;
  const run = await startRun(session, cancelled);
  await expect
    .poll(async () => (await braze.client.state()).received.attributes, { timeout: 20_000 })
    .toBeGreaterThan(before + 150);
  const during = await storedWorkflows(session);
  await client.workflow.getHandle(runWorkflowId(cancelled), run).cancel();
  expect(await endOfRun(session, cancelled, run)).toMatchObject({ status: 'cancelled' });

  await client.workflow.execute<typeof maintenance>('maintenance', {
    workflowId: 'privacy-maintenance',
    taskQueue: session.queues.control,
  });

  const workflows = [...during, ...(await storedWorkflows(session))];
  expect(new Set(workflows.map(({ type }) => type))).toEqual(
    new Set(['syncRun', 'scheduledSync', 'testSync', 'maintenance']),
  );
  // Were the histories read at all? What they may tell is there.
  const all = workflows.map(({ text }) => text).join('\n');
  for (const told of [
    'cdi.privacy_partial',
    '2026-01-01 00:00:00',
    '"rejected":',
    'query_refused',
    '22P02',
  ]) {
    expect(all).toContain(told);
  }
  expect(workflows.filter(({ text }) => text.includes(PLANTED)).map(({ workflowId }) => workflowId)).toEqual(
    [],
  );

  const log = worker.log();
  expect(log).toContain('"msg":"run ended"');
  expect(log.split('\n').filter((line) => line.includes(PLANTED))).toEqual([]);

  const files = await filesBelow(installation.stagingFolder);
  expect(files.length).toBeGreaterThan(4);
  expect(files.filter((file) => file.includes(PLANTED))).toEqual([]);

  const stored = await ledgerText();
  expect(stored).toContain('privacy-partial');
  expect(stored.split('\n').filter((line) => line.includes(PLANTED))).toEqual([]);
  expect(stored).not.toContain(Buffer.from(PLANTED).toString('hex'));
});

/** Every row of every table of the ledger, as PostgreSQL writes it; bytes as hexadecimal digits. */
async function ledgerText(): Promise<string> {
  const ledger = new pg.Client({ connectionString: installation.environment['CDI_LEDGER_URL'] });
  await ledger.connect();
  try {
    const { rows: tables } = await ledger.query<{ name: string }>(
      `select quote_ident(table_name) as name from information_schema.tables where table_schema = 'public'`,
    );
    const lines: string[] = [];
    for (const { name } of tables) {
      const { rows } = await ledger.query<{ line: string }>(`select t::text as line from ${name} t`);
      lines.push(...rows.map(({ line }) => `${name} ${line}`));
    }
    return lines.join('\n');
  } finally {
    await ledger.end();
  }
}

test('a crash is logged without its message, and Node prints nothing of it', async () => {
  const planted = encodeURIComponent(
    `process.once('SIGUSR2', () => { throw new RangeError('plan' + 'ted crash') })`,
  ).replaceAll("'", '%27');
  const crashing = await installation.startWorker([], {
    NODE_OPTIONS: `--import=data:text/javascript,${planted}`,
  });
  crashing.kill('SIGUSR2');
  await crashing.ended();
  const log = crashing.log();
  expect(log).toContain('"name":"RangeError"');
  expect(log).toContain('"msg":"worker crashed"');
  expect(log).not.toContain(PLANTED);
});
