/** `cdi setup`: its statements for Redshift carried out on PostgreSQL, and its check on what they leave. */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATA_TYPES } from '../../../model/data-type.ts';
import type { RedshiftCredential } from '../../../model/credentials/redshift.ts';
import type { Instruction, SetupStep } from '../../../model/setup/setup-guide.ts';
import { WAREHOUSES } from '../../../model/warehouse-credentials.ts';
import { NO_CHANGES } from '../../../store/definitions.ts';
import { type CliResult, jsonOf, runCli } from '../../support/cli-process.ts';
import { type Installation, install, redshiftCredentialOf } from '../../support/installation.ts';
import { textLike } from '../../support/matching.ts';
import { unsupportedByRedshift } from '../../support/redshift-statements.ts';

const USER = 'Set-up "user"';
const SCHEMA = 'Set "up"';
const PASSWORD = 'Set-up-1';

let installation: Installation;

const cli = (...args: string[]): Promise<CliResult> => runCli(installation.environment, args);

async function declareCredential(
  name: string,
  changes: Partial<RedshiftCredential>,
  password: string,
): Promise<void> {
  const { definition } = await redshiftCredentialOf(installation.session, 'source');
  await installation.session.ledger.definitions.change({
    ...NO_CHANGES,
    credentials: [{ definition: { ...definition, ...changes, name }, secrets: { password } }],
  });
}

/** Carries out statements for Redshift, with the three things replaced that PostgreSQL does not know. */
async function carryOut(sql: string): Promise<void> {
  expect(unsupportedByRedshift(sql.replaceAll(/--[^\n]*/g, ''))).toEqual([]);
  await installation.source.query(
    sql
      .replaceAll('varchar(max)', 'varchar(65535)')
      .replaceAll('DEFAULT sysdate', 'DEFAULT now()')
      .replaceAll('SORTKEY (updated_at)', ''),
  );
}

const setup = (dataType: string, table: string, ...more: string[]): Promise<CliResult> =>
  cli('setup', 'redshift', '--type', dataType, '--schema', SCHEMA, '--table', table, ...more);

const check = (dataType: string, table: string, credential = 'reader'): Promise<CliResult> =>
  setup(dataType, table, '--credential', credential, '--check', '--json');

interface Checked {
  readonly passed: boolean;
  readonly findings: { readonly type: string; readonly message: string; readonly remedy?: Instruction }[];
}

/** Lets the check find one kind of fault, carries out what it says, and returns that. */
async function mend(dataType: string, table: string, type: string): Promise<string> {
  const found = await check(dataType, table);
  expect(found.code).toBe(1);
  const { passed, findings } = jsonOf<Checked>(found);
  expect({ passed, types: [...new Set(findings.map((finding) => finding.type))] }).toEqual({
    passed: false,
    types: [type],
  });
  const sql = findings[0]?.remedy?.sql ?? '';
  expect((JSON.parse(found.stderr) as { error: string }).error).toContain(sql);
  await carryOut(sql);
  return sql;
}

const passes = async (dataType: string, table: string): Promise<void> => {
  const result = await check(dataType, table);
  expect(result).toMatchObject({ code: 0, stderr: '' });
  expect(jsonOf(result)).toMatchObject({ passed: true, findings: [] });
};

beforeAll(async () => {
  installation = await install('clisetup');
  const worker = installation.startWorker();
  await declareCredential('reader', { user: USER }, PASSWORD);
  await declareCredential('wrong', { user: USER }, 'not-the-password');
  await declareCredential('closed', { host: '127.0.0.1', port: 1 }, PASSWORD);
  await installation.source.query(
    `drop role if exists ${pg.escapeIdentifier(USER)}; create role ${pg.escapeIdentifier(USER)} login password '${PASSWORD}'`,
  );
  await worker;
});

afterAll(async () => {
  await installation.source.query(
    `drop owned by ${pg.escapeIdentifier(USER)}; drop role ${pg.escapeIdentifier(USER)}`,
  );
  await installation[Symbol.asyncDispose]();
});

test('the statements without a credential make a user, too', async () => {
  const { code, stdout } = await cli('setup', 'redshift', '--type', 'attributes', '--sql');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^-- Make schema and table\nCREATE SCHEMA IF NOT EXISTS "braze_cdi";\n/);
  try {
    await carryOut(stdout.replace('<password>', PASSWORD));
    const { rows } = await installation.source.query(
      `select has_table_privilege('braze_cdi', 'braze_cdi.users_attributes', 'select') as may,
        has_schema_privilege('braze_cdi', 'braze_cdi', 'usage') as uses`,
    );
    expect(rows).toEqual([{ may: true, uses: true }]);
  } finally {
    await installation.source.query(
      'drop schema if exists braze_cdi cascade; drop owned by braze_cdi; drop role braze_cdi',
    );
  }
});

test.each(DATA_TYPES)('the statements for %s run, and what they leave passes the check', async (dataType) => {
  const { code, stdout, stderr } = await setup(dataType, dataType, '--credential', 'reader', '--sql');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  await carryOut(stdout);
  const result = await setup(dataType, dataType, '--credential', 'reader', '--check');
  expect(result).toMatchObject({ code: 0, stderr: '' });
  expect(result.stdout.split('\n')).toEqual([
    textLike(/^reader: connected; the clock of the warehouse says 20\d\d-/),
    textLike(/^Set "up"\.\w+: can be read; updated_at timestamptz, /),
    'Nothing is missing.',
    '',
  ]);
  // Again: what is there already stays.
  await carryOut(stdout);
});

describe('what is missing is said with the statement that mends it', () => {
  const TABLE = '"Set ""up"""."t"';
  const ROLE = '"Set-up ""user"""';

  beforeAll(async () => {
    const { stdout } = await setup('attributes', 't', '--credential', 'reader', '--sql');
    await carryOut(stdout);
  });

  test('the right to read the table', async () => {
    await installation.source.query(`revoke select on ${TABLE} from ${ROLE}`);
    expect(await mend('attributes', 't', 'permission_denied')).toContain(
      `GRANT SELECT ON ${TABLE} TO ${ROLE};`,
    );
    await passes('attributes', 't');
  });

  test('the right to use the schema', async () => {
    await installation.source.query(`revoke usage on schema "Set ""up""" from ${ROLE}`);
    expect(await mend('attributes', 't', 'permission_denied')).toContain(
      `GRANT USAGE ON SCHEMA "Set ""up""" TO ${ROLE};`,
    );
    await passes('attributes', 't');
  });

  test('the table', async () => {
    await installation.source.query(`drop table ${TABLE}`);
    expect(await mend('attributes', 't', 'table_missing')).toContain(`CREATE TABLE IF NOT EXISTS ${TABLE} (`);
    await passes('attributes', 't');
  });

  test('several columns at once', async () => {
    await installation.source.query(
      `alter table ${TABLE} drop column payload, drop column updated_at, drop column alias_name`,
    );
    const sql = await mend('attributes', 't', 'column_missing');
    expect(sql.split('\n')).toEqual([
      `ALTER TABLE ${TABLE} ADD COLUMN updated_at timestamptz;`,
      `ALTER TABLE ${TABLE} ADD COLUMN payload varchar(max);`,
      `ALTER TABLE ${TABLE} ADD COLUMN alias_name varchar(1000);`,
    ]);
    await passes('attributes', 't');
  });

  test('a view without the column that is forbidden', async () => {
    expect(await mend('user_deletes', 't', 'column_forbidden')).not.toMatch(/payload|email|phone/i);
    await passes('user_deletes', 't_for_braze');
    await installation.source.query('drop view "Set ""up"""."t_for_braze"');
  });

  test('a view with the right types', async () => {
    await installation.source.query(
      `alter table ${TABLE} drop column updated_at, add column "Updated_At" varchar(64);
       insert into ${TABLE} ("Updated_At", external_id, payload) values ('2026-01-31T12:00:00.123456Z', 'u', '{}')`,
    );
    await mend('attributes', 't', 'column_type');
    await passes('attributes', 't_for_braze');
  });
});

test('a password that is wrong, and a network that lets nobody in', async () => {
  const [wrong, closed] = await Promise.all([check('events', 't', 'wrong'), check('events', 't', 'closed')]);
  expect(wrong.code).toBe(1);
  expect(jsonOf(wrong)).toMatchObject({
    passed: false,
    findings: [
      { type: 'credentials_invalid', remedy: { sql: `ALTER USER "Set-up ""user""" PASSWORD '<password>';` } },
    ],
  });
  expect(wrong.stdout + wrong.stderr).not.toContain('not-the-password');
  expect(closed.code).toBe(1);
  expect(jsonOf(closed)).toMatchObject({
    findings: [
      { type: 'warehouse_unreachable', remedy: { text: textLike(/security group .*`--egress ADDRESS`/) } },
    ],
  });
});

test('the tests of a sync and of a credential say it, too', async () => {
  const definition = await installation.declare({ name: 'su-sync', table: 'gone', data_type: 'events' });
  await installation.source.query('create table cdi.half (updated_at timestamptz, external_id varchar(10))');
  await installation.declare({ name: 'su-half', table: 'half', data_type: 'events' });
  await installation.session.ledger.definitions.change({
    ...NO_CHANGES,
    syncs: [{ definition: { ...definition, credential: 'reader' }, watermark: 'keep', retest: false }],
  });
  const [sync, half, credential] = await Promise.all([
    cli('test', 'su-sync'),
    cli('test', 'su-half', '--json'),
    cli('credential', 'test', 'wrong', '--json'),
  ]);
  expect(sync).toMatchObject({ code: 1, stdout: '' });
  // The user may not look into the schema, so whether the table is there it cannot tell.
  expect(sync.stderr).toContain('(permission_denied)\n\nLet the user read the table or view.\n\n');
  expect(sync.stderr).toContain('GRANT SELECT ON "cdi"."gone" TO "Set-up ""user""";');
  expect(jsonOf(half)).toMatchObject({
    type: 'column_missing',
    remedy: { sql: 'ALTER TABLE "cdi"."half" ADD COLUMN payload varchar(max);' },
  });
  expect(jsonOf(credential)).toMatchObject({
    type: 'credentials_invalid',
    remedy: { sql: textLike(/^ALTER USER /) },
  });
});

describe('the steps', () => {
  test('are there for every warehouse and data type that the help names, and it names all', async () => {
    const { stdout } = await runCli({}, ['setup', '--help']);
    for (const name of [...WAREHOUSES, ...DATA_TYPES]) expect(stdout).toMatch(new RegExp(`\\b${name}\\b`));
  });

  test('are told to people, numbered, and to scripts', async () => {
    const [text, json] = await Promise.all([
      runCli({}, [
        'setup',
        'snowflake',
        '--type',
        'events',
        '--egress',
        '203.0.113.7',
        '--egress',
        '203.0.113.8',
      ]),
      runCli({ CDI_EGRESS_ADDRESSES: '203.0.113.9' }, ['setup', 'snowflake', '--type', 'events', '--json']),
    ]);
    expect(text).toMatchObject({ code: 0, stderr: '' });
    expect(text.stdout).toMatch(/^1\. Make a key pair\n\n/);
    expect(text.stdout).toContain(`ALLOWED_IP_LIST = ('203.0.113.7', '203.0.113.8')`);
    expect(json.code).toBe(0);
    const { steps, ...about } = jsonOf<{ steps: SetupStep[] }>(json);
    expect(about).toEqual({
      warehouse: 'snowflake',
      dataType: 'events',
      schema: 'INGESTION',
      table: 'APP_EVENTS',
    });
    expect(JSON.stringify(steps)).toContain('203.0.113.9');
  });

  test('take names from a credential', async () => {
    const { stdout } = await setup('events', 'e', '--credential', 'reader');
    expect(stdout).toContain('GRANT SELECT ON "Set ""up"""."e" TO "Set-up ""user""";');
    expect(stdout).toContain(
      'cdi setup redshift --type events --credential reader --schema \'Set "up"\' --table e --check',
    );
    expect(stdout).toContain('credential: reader\nsource:\n  schema: "Set \\"up\\""\n  table: e\n');
  });
});

test.each([
  [['snowflak', '--type', 'events'], 2, /`snowflak` is not a warehouse; did you mean snowflake\?/],
  [['oracle', '--type', 'events'], 2, /`oracle` is not a warehouse; use one of snowflake, redshift, /],
  [['redshift', '--type', 'event'], 2, /`event` is not a data type; did you mean events\?/],
  [['redshift'], 2, /required option '--type <type>'/],
  [['redshift', '--type', 'events', '--check'], 2, /--check needs --credential, --schema and --table\./],
  [['redshift', '--type', 'events', '--schema', 'a\u001bb'], 2, /--schema: write a name of 1 to 255/],
  [['redshift', '--type', 'events', '--egress', 'here'], 2, /--egress: write an IP address or a range/],
  [
    ['snowflake', '--type', 'events', '--credential', 'reader'],
    2,
    /reader is for redshift, not for snowflake\./,
  ],
  [['redshift', '--type', 'events', '--credential', 'nobody'], 4, /There is no credential nobody\. Known: /],
])('setup %j: exit %i', async (args, code, says) => {
  const result = await cli('setup', ...args);
  expect(result).toMatchObject({ code, stdout: '' });
  expect(result.stderr).toMatch(says);
});

test('CDI_EGRESS_ADDRESSES that holds no addresses: exit 2', async () => {
  const result = await runCli({ CDI_EGRESS_ADDRESSES: 'here' }, ['setup', 'fabric', '--type', 'events']);
  expect(result).toMatchObject({
    code: 2,
    stdout: '',
    stderr: textLike(/^CDI_EGRESS_ADDRESSES is no list of IP/),
  });
});
