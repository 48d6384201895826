/** A ledger of every former version comes forward with what it holds; a backup of one, too. */
import { randomBytes } from 'node:crypto';
import { Kysely, PostgresDialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import pg from 'pg';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { backupLedger } from '../../../store/backup.ts';
import { parseKeyring } from '../../../store/keyring.ts';
import { type Ledger, openLedger } from '../../../store/ledger.ts';
import { MIGRATIONS } from '../../../store/migrate.ts';
import { sourceRow } from '../../unit/source-row.ts';

const DATABASE = 'migrations_forward';
const keyring = parseKeyring(`k:${randomBytes(32).toString('base64')}`);

const url = (): string => {
  const at = new URL(inject('postgresUrl'));
  at.pathname = `/${DATABASE}`;
  return at.href;
};

async function run(connectionString: string, ...statements: [string, unknown[]?][]): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    for (const [text, values] of statements) await client.query(text, values);
  } finally {
    await client.end();
  }
}

const drop = (): Promise<void> =>
  run(inject('postgresUrl'), [`drop database if exists ${DATABASE} with (force)`]);

beforeEach(async () => {
  await drop();
  await run(inject('postgresUrl'), [`create database ${DATABASE}`]);
});
afterEach(drop);

async function bringTo(migration: string): Promise<void> {
  const db = new Kysely<unknown>({
    dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: url(), max: 2 }) }),
  });
  try {
    const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } });
    const { error } = await migrator.migrateTo(migration);
    if (error !== undefined) throw error as Error;
  } finally {
    await db.destroy();
  }
}

const AT = '2026-01-01 00:00:00.000000';
const WORKSPACE = {
  kind: 'workspace',
  name: 'main',
  endpoint: 'https://rest.iad-01.braze.com',
  api_key: '${env:K}',
  track_batch: 75,
  track_requests_per_3s: 3_000,
};
const CREDENTIAL = {
  kind: 'credential',
  name: 'lake',
  warehouse: 'redshift',
  host: 'h',
  port: 5439,
  database: 'd',
  user: 'u',
  password: '${env:P}',
  tls: 'verify',
};
const SYNC = {
  kind: 'sync',
  name: 'users',
  workspace: 'main',
  credential: 'lake',
  source: { schema: 's', table: 't' },
  data_type: 'events',
  update_existing_only: false,
  schedule: 'manual',
  start_from: 'beginning',
  full_refresh: false,
  notifications: { contacts: ['a@example.com'], on_success: false, on_empty_success: false },
};
const ROW = sourceRow({ updatedAt: AT, externalId: 'u', payload: '{' });
const seal = (value: object, purpose: string): Buffer =>
  keyring.seal(Buffer.from(JSON.stringify(value)), purpose);
const DIGEST = Buffer.alloc(16, 1);

/** What the first version wrote: a sync whose last run broke off between its upload and its commit. */
async function fillFirstLedger(): Promise<void> {
  await run(
    url(),
    [
      'insert into workspaces (name, definition, secret, fingerprint) values ($1, $2, $3, $4)',
      ['main', JSON.stringify(WORKSPACE), seal({ api_key: 'secret' }, 'workspace main'), 'f'],
    ],
    [
      'insert into credentials (name, warehouse, definition, secret, fingerprint) values ($1, $2, $3, $4, $5)',
      ['lake', 'redshift', JSON.stringify(CREDENTIAL), seal({ password: 'p' }, 'credential lake'), 'f'],
    ],
    [
      `insert into syncs (name, workspace, credential, source, data_type, definition, epoch, epoch_owner)
       values ('users', 'main', 'lake', '["s","t"]', 'events', $1, 1, 'run-1')`,
      [JSON.stringify(SYNC)],
    ],
    [
      `insert into runs (id, sync, data_type, workflow_run_id, trigger, status, rejected)
       values ('run-1', 'users', 'events', 'run-1', 'manual', 'running', 1)`,
    ],
    [
      `insert into watermarks (sync, value, digests, epoch, segment) values ('users', $1, $2, 1, 1)`,
      [AT, DIGEST],
    ],
    [
      `insert into uploads (sync, epoch, segment, run, rows, reserved_to, tail_value, tail_digests, completed_at)
       values ('users', 1, 2, 'run-1', 1, 0, '2026-01-02 00:00:00.000000', $1, now())`,
      [DIGEST],
    ],
    [
      `insert into rejected_rows (run, sync, code, reason, origin, updated_at_text, content)
       values ('run-1', 'users', 'invalid_json', 'r', 'validation', $1, $2)`,
      [AT, seal(ROW, 'rejected row')],
    ],
  );
}

async function expectWhole(ledger: Ledger): Promise<void> {
  expect((await ledger.definitions.workspace('main')).apiKey).toBe('secret');
  expect((await ledger.definitions.credential('lake')).secrets).toEqual({ password: 'p' });
  expect((await ledger.definitions.sync('users')).definition.source).toEqual({ schema: 's', table: 't' });
  expect(await ledger.watermarks.get('users')).toMatchObject({ value: AT, digests: DIGEST });
  expect(await ledger.runs.get('run-1')).toMatchObject({ status: 'running', held: null });
  expect(await ledger.rejectedRows.list('users', { limit: 10 })).toMatchObject([
    { row: ROW, settledBy: null },
  ]);
  expect(await ledger.rejectedRows.onOffer('users', undefined)).toEqual({ rows: 1, deleted: 0 });
}

const LEVELS = Object.keys(MIGRATIONS);

test.each(LEVELS)('from %s', async (level) => {
  await bringTo(LEVELS[0] ?? '');
  await fillFirstLedger();
  await bringTo(level);
  const ledger = openLedger({ url: url(), keyring, connections: 2 });
  try {
    expect(await ledger.migrate()).toEqual(LEVELS.slice(LEVELS.indexOf(level) + 1));
    await expectWhole(ledger);
    // What was uploaded before the upgrade is committed after it.
    const holder = { sync: 'users', epoch: 1, workflowRunId: 'run-1' };
    expect(await ledger.watermarks.commit(holder, 2, 1_000)).toBe('2026-01-02 00:00:00.000000');
    expect(await ledger.migrate()).toEqual([]);
  } finally {
    await ledger.close();
  }
});

test('a backup of the first ledger is restored into the newest', async () => {
  await bringTo(LEVELS[0] ?? '');
  await fillFirstLedger();
  const lines: string[] = [];
  await backupLedger(url(), ['k'], async (line) => void lines.push(line.trimEnd()));
  const ledger = openLedger({ url: url(), keyring, connections: 2 });
  try {
    await ledger.migrate();
    const { syncs } = await ledger.restore(
      (async function* () {
        yield* lines;
      })(),
      { replace: true, pauseNote: () => 'restored' },
    );
    expect(syncs).toEqual([{ name: 'users', dataType: 'events', watermark: AT, watermarkBefore: AT }]);
    await expectWhole(ledger);
    const next = { id: 'run-2', dataType: 'events', trigger: 'manual', workflowRunId: 'run-2' } as const;
    await ledger.runs.open({ ...next, sync: 'users' });
    expect((await ledger.watermarks.begin('users', 'run-2', 'run-2')).epoch).toBe(3);
  } finally {
    await ledger.close();
  }
});

test('parts that are known by another hash of the users are looked for in every new one', async () => {
  await bringTo('0008-opened-segment');
  await run(
    url(),
    [`insert into workspaces (name, definition, secret, fingerprint) values ('main', '{}', '', 'f')`],
    [
      `insert into credentials (name, warehouse, definition, secret, fingerprint) values ('lake', 'redshift', '{}', '', 'f')`,
    ],
    [
      `insert into syncs (name, workspace, credential, source, data_type, definition)
       values ('users', 'main', 'lake', 's', 'events', '{}')`,
    ],
    [
      `insert into instant_parts (sync, instant, low, high, rows, digests)
       values ('users', $1, '0', '3', 1, $2), ('users', $1, '4', 'f', 1, $3), ('users', $1, '5', '5', 9, null)`,
      [AT, DIGEST, Buffer.alloc(16, 2)],
    ],
  );
  const ledger = openLedger({ url: url(), keyring, connections: 1 });
  try {
    await ledger.migrate();
    expect(await ledger.instantParts.has('users', AT)).toBe(true);
    expect(await ledger.instantParts.of('users', AT)).toEqual([]);
    for (const share of [
      { low: '0', high: '0' },
      { low: 'ff', high: 'ff' },
    ])
      expect(await ledger.instantParts.dissolvedDigests('users', AT, share)).toEqual([
        Buffer.concat([DIGEST, Buffer.alloc(16, 2)]),
      ]);
  } finally {
    await ledger.close();
  }
});
