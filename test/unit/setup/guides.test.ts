/** What every guide must hold, for every data type. */
import { describe, expect, test } from 'vitest';
import { parseDefinitions } from '../../../client/definitions/parse-definitions.ts';
import { DATA_TYPES, type DataType } from '../../../model/data-type.ts';
import { COLUMN_RULES, COLUMNS_OF, type Column, columnFaults } from '../../../model/source-columns.ts';
import type { SetupSource, SetupStep } from '../../../model/setup/setup-guide.ts';
import { setupGuide } from '../../../model/setup/setup-guides.ts';
import { type Warehouse, WAREHOUSES } from '../../../model/warehouse-credentials.ts';
import { accountOf, credentialNamed, NO_ACCOUNT, skeleton } from './accounts.ts';

const CASES = WAREHOUSES.flatMap((warehouse) => DATA_TYPES.map((dataType) => [warehouse, dataType] as const));

const sqlOf = (steps: readonly SetupStep[]): string => steps.flatMap(({ sql }) => sql ?? []).join('\n');

/** Name, type and rest of each column of the CREATE TABLE. */
function columnsOf(sql: string): Map<string, string> {
  const [, body = ''] = /CREATE TABLE[^(]*\(\n(.*?)\n\)/s.exec(sql) ?? [];
  const lines = body.split('\n').map((line) => line.trim());
  return new Map(
    lines
      .filter((line) => !line.startsWith('--'))
      .map((line) => {
        const [name = '', ...rest] = line.replace(/,$/, '').split(' ');
        return [name.toUpperCase(), rest.join(' ')];
      }),
  );
}

/** The types of the set-up page of each warehouse, corrected where that page's statements do not run. */
const TYPES: Record<Warehouse, Record<'updatedAt' | 'identifier' | 'payload' | 'deleted', string>> = {
  snowflake: {
    updatedAt: 'TIMESTAMP_NTZ(9)',
    identifier: 'VARCHAR(16777216)',
    payload: 'VARCHAR(16777216)',
    deleted: 'BOOLEAN',
  },
  redshift: {
    updatedAt: 'timestamptz',
    identifier: 'varchar(1000)',
    payload: 'varchar(max)',
    deleted: 'boolean',
  },
  bigquery: { updatedAt: 'TIMESTAMP', identifier: 'STRING', payload: 'JSON', deleted: 'BOOLEAN' },
  databricks: { updatedAt: 'TIMESTAMP', identifier: 'STRING', payload: 'STRING', deleted: 'BOOLEAN' },
  fabric: {
    updatedAt: 'DATETIME2(6)',
    identifier: 'VARCHAR(1000)',
    payload: 'VARCHAR(MAX)',
    deleted: 'BIT',
  },
};

describe.each(CASES)('setting up %s for %s', (warehouse, dataType) => {
  const guide = setupGuide(warehouse);
  const proposed = guide.proposedSource(dataType);
  const steps = guide.steps(proposed, NO_ACCOUNT);
  const sql = sqlOf(steps);

  test('makes a table with every column that the data type reads, and no other', () => {
    const columns = columnsOf(sql);
    expect([...columns.keys()]).toEqual(COLUMNS_OF[dataType].map((role) => COLUMN_RULES[role].name));
    for (const role of COLUMNS_OF[dataType]) {
      const kind = role === 'updatedAt' || role === 'payload' || role === 'deleted' ? role : 'identifier';
      expect(columns.get(COLUMN_RULES[role].name)?.split(' ')[0]).toBe(TYPES[warehouse][kind]);
    }
    expect(columns.has('PAYLOAD')).toBe(dataType !== 'user_deletes');
  });

  test('never leaves UPDATED_AT empty', () => {
    const rest = columnsOf(sql).get('UPDATED_AT') ?? '';
    expect(rest).toContain('NOT NULL');
    expect(rest.includes('DEFAULT')).toBe(warehouse !== 'fabric');
  });

  test('says how to log in, how to be let in, and what to declare', () => {
    const all = steps.map(({ title, text, shell }) => [title, text, shell].join('\n')).join('\n');
    expect(all).toContain('--egress ADDRESS');
    expect(steps.map(({ title }) => title)).toContain('Let the connections in');
    expect(steps.flatMap(({ file }) => file?.name ?? [])).toHaveLength(2);
    expect(all).toContain('cdi apply my-syncs');
    expect(all).toContain(`cdi setup ${warehouse} --type ${dataType} --credential ${warehouse} `);
  });

  test('gives definitions that are valid as they are', () => {
    const files = steps.flatMap(({ file }) => (file ? [file] : []));
    const parsed = parseDefinitions(files, { workspaces: ['shop'], credentials: [] });
    if (!parsed.valid) throw new Error(JSON.stringify(parsed.problems));
    expect(parsed.definitions.credentials).toMatchObject([{ name: warehouse, warehouse }]);
    expect(parsed.definitions.syncs).toMatchObject([
      {
        credential: warehouse,
        source: { schema: proposed.schema, table: proposed.table },
        data_type: dataType,
      },
    ]);
  });

  test('has statements that can be pasted: each ends, and no comment or text could end one', () => {
    for (const { sql: statements } of steps) {
      if (statements === undefined) continue;
      for (const comment of statements.match(/--[^\n]*/g) ?? []) expect(comment).not.toMatch(/;(?!$)|'/);
      expect(statements.replaceAll(/^--[^\n]*$/gm, '').trimEnd()).toMatch(/;$/);
    }
  });

  const HOSTILE = 'x"]`\'); DROP TABLE users; --\n\\"]`\'';

  test('keeps hostile names within their quotes', () => {
    const plain = { dataType, schema: 'plain', table: 'plain' };
    const hostile = { dataType, schema: HOSTILE, table: HOSTILE };
    const made = (source: SetupSource, text: string): string =>
      skeleton(warehouse, sqlOf(guide.steps(source, accountOf(warehouse, text))));
    expect(made(hostile, HOSTILE)).toBe(made(plain, 'plain'));
    for (const type of [
      'credentials_invalid',
      'permission_denied',
      'table_missing',
      'warehouse_busy',
    ] as const) {
      const remedy = (source: SetupSource, text: string): string =>
        skeleton(warehouse, guide.remedy({ type }, source, accountOf(warehouse, text))?.sql ?? '');
      expect(remedy(hostile, HOSTILE)).toBe(remedy(plain, 'plain'));
    }
  });

  test('writes hostile names into files that are still valid', () => {
    const hostile = { dataType, schema: HOSTILE, table: HOSTILE };
    const files = guide.steps(hostile, NO_ACCOUNT).flatMap(({ file }) => (file ? [file] : []));
    const parsed = parseDefinitions(files, { workspaces: ['shop'], credentials: [] });
    if (!parsed.valid) throw new Error(JSON.stringify(parsed.problems));
    expect(parsed.definitions.syncs[0]?.source).toEqual({ schema: HOSTILE, table: HOSTILE });
  });

  test('asks for nothing that a declared credential has', () => {
    const declared = guide.steps(proposed, accountOf(warehouse, 'own'));
    expect(declared.flatMap(({ file }) => file?.name ?? [])).toEqual([
      expect.stringMatching(/^my-syncs\/(?!mine)/) as string,
    ]);
    expect(sqlOf(declared)).not.toMatch(/CREATE USER|<password>|<public key>/);
    expect(declared.flatMap(({ shell }) => shell ?? []).join('\n')).not.toMatch(
      /keygen|keys create|credential add/,
    );
  });

  test('fills in the addresses of the installation', () => {
    const account = { ...NO_ACCOUNT, egress: ['203.0.113.7', '198.51.100.0/28'] };
    const step = guide.steps(proposed, account).find(({ title }) => title === 'Let the connections in');
    const all = JSON.stringify(step);
    expect(all).toContain('The addresses of this installation: 203.0.113.7, 198.51.100.0/28.');
    expect(all).not.toContain('not known');
  });
});

describe.each(CASES)('a table of %s for %s that does not fit', (warehouse, dataType) => {
  const guide = setupGuide(warehouse);
  const source: SetupSource = { dataType, schema: 's', table: 't' };
  const account = accountOf(warehouse, 'own');
  const fitting: Column[] = COLUMNS_OF[dataType].map((role) => {
    const { name, kinds } = COLUMN_RULES[role];
    return { name, kind: kinds[0] ?? 'other', type: 'any' };
  });

  test('gets each missing column', () => {
    const columns = fitting.filter(({ name }) => !['UPDATED_AT', 'PAYLOAD', 'ALIAS_LABEL'].includes(name));
    const remedy = guide.remedy({ type: 'column_missing', columns }, source, account);
    const missing = columnFaults(dataType, columns).map(({ role }) => COLUMN_RULES[role].name);
    const statements = remedy?.sql?.split('\n') ?? [];
    expect(statements.map((line) => / ADD (?:COLUMN )?(\w+) \S+;$/.exec(line)?.[1]?.toUpperCase())).toEqual(
      missing,
    );
    expect(missing).toContain('UPDATED_AT');
  });

  test('is read through a view that casts what has a wrong type, and leaves out what is forbidden', () => {
    const columns: Column[] = [
      ...fitting.map((column) =>
        column.name === 'UPDATED_AT' ? { ...column, name: 'Updated_At', kind: 'text' as const } : column,
      ),
      ...(dataType === 'user_deletes' ? [{ name: 'PAYLOAD', kind: 'text' as const, type: 'any' }] : []),
    ];
    const remedy = guide.remedy({ type: 'column_type', columns }, source, account);
    const sql = remedy?.sql ?? '';
    // T-SQL takes CREATE VIEW only as the one statement of a batch.
    if (warehouse === 'fabric') expect(sql).toMatch(/^EXEC \('CREATE VIEW [^']+'\);\nGRANT /);
    expect(sql).toMatch(
      /^(?:EXEC \(')?CREATE VIEW \S+t_for_braze\S+ AS\nSELECT CAST\(.Updated_At. AS \S+\) AS updated_at, /i,
    );
    expect(sql).toMatch(/\nGRANT .*for_braze/i);
    expect(sql.includes('PAYLOAD')).toBe(dataType !== 'user_deletes');
    const names = COLUMNS_OF[dataType].slice(1).map((role) => COLUMN_RULES[role].name);
    for (const name of names) expect(skeleton(warehouse, sql) + sql).toContain(name);
    if (dataType === 'user_deletes')
      expect(guide.remedy({ type: 'column_forbidden', columns }, source, account)).toEqual(remedy);
  });

  test('says nothing where the columns are not known, or fit', () => {
    for (const type of ['column_missing', 'column_type', 'column_forbidden'] as const) {
      expect(guide.remedy({ type }, source, account)).toBeUndefined();
      expect(guide.remedy({ type, columns: fitting }, source, account)).toBeUndefined();
    }
  });
});

/** What the remedy must hold, so that it is the exact statement for this account and this table. */
const EXACT: Record<
  Warehouse,
  Record<'permission_denied' | 'table_missing' | 'warehouse_busy' | 'credentials_invalid', string[]>
> = {
  snowflake: {
    permission_denied: [
      'GRANT USAGE ON DATABASE "OWN_DATABASE" TO ROLE "OWN_ROLE";',
      'GRANT USAGE ON SCHEMA "OWN_DATABASE"."s" TO ROLE "OWN_ROLE";',
      'GRANT SELECT ON TABLE "OWN_DATABASE"."s"."t" TO ROLE "OWN_ROLE";',
      'CREATE WAREHOUSE IF NOT EXISTS "OWN_WAREHOUSE"\n',
      'GRANT USAGE ON WAREHOUSE "OWN_WAREHOUSE" TO ROLE "OWN_ROLE";',
      'GRANT ROLE "OWN_ROLE" TO USER "OWN_USER";',
    ],
    table_missing: ['CREATE TABLE IF NOT EXISTS "OWN_DATABASE"."s"."t" (', 'TO ROLE "OWN_ROLE";'],
    warehouse_busy: [
      'ALTER WAREHOUSE "OWN_WAREHOUSE" SET AUTO_RESUME = TRUE;',
      'GRANT USAGE ON WAREHOUSE "OWN_WAREHOUSE" TO ROLE "OWN_ROLE";',
      'ALTER WAREHOUSE "OWN_WAREHOUSE" RESUME IF SUSPENDED;',
      'ALTER RESOURCE MONITOR <monitor> SET CREDIT_QUOTA = <credits>;',
    ],
    credentials_invalid: [
      `ALTER USER "OWN_USER" SET RSA_PUBLIC_KEY='<public key>';`,
      'DESC USER "OWN_USER";',
    ],
  },
  redshift: {
    permission_denied: ['GRANT USAGE ON SCHEMA "s" TO "own_user";', 'GRANT SELECT ON "s"."t" TO "own_user";'],
    table_missing: ['CREATE TABLE IF NOT EXISTS "s"."t" (', 'GRANT SELECT ON "s"."t" TO "own_user";'],
    warehouse_busy: [
      'aws redshift resume-cluster --cluster-identifier shop',
      'ALTER USER "own_user" CONNECTION LIMIT UNLIMITED;',
    ],
    credentials_invalid: [`ALTER USER "own_user" PASSWORD '<password>';`],
  },
  bigquery: {
    permission_denied: [
      'GRANT `roles/bigquery.dataViewer` ON SCHEMA `shop-project`.`s` TO "serviceAccount:reader@shop-project.iam.gserviceaccount.com";',
      'gcloud projects add-iam-policy-binding shop-project --member serviceAccount:reader@shop-project.iam.gserviceaccount.com --role roles/bigquery.jobUser',
    ],
    table_missing: [
      'CREATE SCHEMA IF NOT EXISTS `shop-project`.`s` OPTIONS (location = "EU");',
      'CREATE TABLE IF NOT EXISTS `shop-project`.`s`.`t` (',
    ],
    warehouse_busy: ['quota'],
    credentials_invalid: ['--iam-account reader@shop-project.iam.gserviceaccount.com'],
  },
  databricks: {
    permission_denied: [
      'GRANT USE CATALOG ON CATALOG `own_catalog` TO `own_client`;',
      'GRANT USE SCHEMA ON SCHEMA `own_catalog`.`s` TO `own_client`;',
      'GRANT SELECT ON TABLE `own_catalog`.`s`.`t` TO `own_client`;',
    ],
    table_missing: ['CREATE TABLE IF NOT EXISTS `own_catalog`.`s`.`t` (', 'allowColumnDefaults'],
    warehouse_busy: ['databricks warehouses start abc123'],
    credentials_invalid: ['new secret'],
  },
  fabric: {
    permission_denied: ['GRANT SELECT ON OBJECT::[s].[t] TO [braze-cdi];'],
    table_missing: ['CREATE TABLE [s].[t] (', `IF SCHEMA_ID('s') IS NULL EXEC ('CREATE SCHEMA [s]');`],
    warehouse_busy: ['az fabric capacity resume'],
    credentials_invalid: ['az ad app credential reset --id client'],
  },
};

describe.each(WAREHOUSES)('the remedies of %s', (warehouse) => {
  const guide = setupGuide(warehouse);
  const source: SetupSource = { dataType: 'events', schema: 's', table: 't' };
  const account = accountOf(warehouse, 'own');

  test.each(Object.entries(EXACT[warehouse]) as [keyof (typeof EXACT)[Warehouse], string[]][])(
    '%s: the exact statement',
    (type, expected) => {
      const { text, sql, shell } = guide.remedy({ type }, source, account) ?? { text: '' };
      for (const statement of expected) expect([text, sql, shell].join('\n')).toContain(statement);
      expect(text).toMatch(/^\p{Lu}.*\.$/su);
    },
  );

  test('a network that lets nobody in is told the addresses', () => {
    const remedy = guide.remedy({ type: 'warehouse_unreachable' }, source, {
      ...account,
      egress: ['203.0.113.7', '2001:db8::1'],
    });
    expect(remedy?.text).toContain('203.0.113.7, 2001:db8::1');
    expect(guide.remedy({ type: 'warehouse_unreachable' }, source, account)?.text).toContain('--egress');
  });

  test('leave the errors alone that have nothing to do with the set-up', () => {
    for (const type of ['query_timeout', 'braze_unauthorized', 'internal', 'tls_failed'] as const)
      expect(guide.remedy({ type }, source, account)).toBeUndefined();
  });
});

test('Snowflake: the role gets no right on the virtual warehouse but USAGE, for it never starts or stops one', () => {
  const guide = setupGuide('snowflake');
  const source = guide.proposedSource('events');
  for (const account of [NO_ACCOUNT, accountOf('snowflake', 'own')]) {
    const busy = guide.remedy({ type: 'warehouse_busy' }, source, account)?.sql ?? '';
    const sql = `${sqlOf(guide.steps(source, account))}\n${busy}`;
    const granted = [...sql.matchAll(/GRANT (.+) ON WAREHOUSE/g)].map(([, rights]) => rights);
    expect(new Set(granted)).toEqual(new Set(['USAGE']));
  }
});

test('Redshift: a cluster that takes no connections may be paused', () => {
  const guide = setupGuide('redshift');
  const account = { ...accountOf('redshift', 'own'), egress: ['203.0.113.7'] };
  const shell = guide.remedy(
    { type: 'warehouse_unreachable' },
    guide.proposedSource('events'),
    account,
  )?.shell;
  expect(shell).toMatch(
    /^aws redshift resume-cluster --cluster-identifier shop\naws ec2 .* --cidr 203\.0\.113\.7\/32$/,
  );
});

describe('what a credential leaves open', () => {
  const source: SetupSource = { dataType: 'events', schema: 's', table: 't' };

  test('Snowflake: role and virtual warehouse are the defaults of the user', () => {
    const { role: _role, virtual_warehouse: _warehouse, ...rest } = credentialOf('snowflake');
    const account = { ...NO_ACCOUNT, credential: rest };
    const busy = setupGuide('snowflake').remedy({ type: 'warehouse_busy' }, source, account);
    expect(busy?.text).toContain('`DESC USER` shows');
    expect(busy?.sql).toContain('SET DEFAULT_WAREHOUSE = "BRAZE_CDI_WAREHOUSE";');
  });

  test('Snowflake: tokens and passwords have remedies of their own', () => {
    const { private_key: _key, ...rest } = credentialOf('snowflake');
    const remedy = (more: object): string =>
      setupGuide('snowflake').remedy({ type: 'credentials_invalid' }, source, {
        ...NO_ACCOUNT,
        credential: { ...rest, ...more },
      })?.sql ?? '';
    expect(remedy({ token: '${env:T}' })).toContain('ADD PROGRAMMATIC ACCESS TOKEN');
    expect(remedy({ password: '${env:P}' })).toContain(`SET PASSWORD = '<password>';`);
  });

  test('Databricks: nobody knows whose token it is', () => {
    const { client_id: _id, client_secret: _secret, ...rest } = credentialOf('databricks');
    const account = { ...NO_ACCOUNT, credential: { ...rest, token: '${env:T}' } };
    const denied = setupGuide('databricks').remedy({ type: 'permission_denied' }, source, account);
    expect(denied?.text).toContain('`SELECT current_user()`');
    expect(denied?.sql).toContain('TO `<owner of the token>`;');
  });

  test('BigQuery: the key tells the service account, and nothing else of it is taken', () => {
    const principal = (secrets: Record<string, string>): string | undefined =>
      setupGuide('bigquery').principal?.(secrets);
    const key = { client_email: 'a@b.iam.gserviceaccount.com', private_key: 'secret' };
    expect(principal({ service_account_key: JSON.stringify(key) })).toBe('a@b.iam.gserviceaccount.com');
    for (const broken of ['', 'no JSON', 'null', '7', '{"client_email":7}'])
      expect(principal({ service_account_key: broken })).toBeUndefined();
    expect(principal({})).toBeUndefined();
  });

  test('Redshift: through a tunnel, its server is what lets connections in', () => {
    const ssh = { host: 'bastion', port: 2222, user: 'u', private_key: '${env:K}', host_key: 'SHA256:x' };
    const account = {
      ...NO_ACCOUNT,
      egress: ['203.0.113.7'],
      credential: { ...credentialOf('redshift'), ssh },
    };
    const remedy = setupGuide('redshift').remedy({ type: 'warehouse_unreachable' }, source, account);
    expect(remedy).toEqual({
      text:
        'A cluster that is paused takes no connections until it is resumed. ' +
        'The SSH host of the tunnel must take connections on port 2222, and its `authorized_keys` must let this key on to ' +
        'shop.abc123.eu-west-1.redshift.amazonaws.com:5440. The addresses of this installation: 203.0.113.7.',
      shell: 'aws redshift resume-cluster --cluster-identifier shop',
    });
    const refused = setupGuide('redshift').remedy({ type: 'credentials_invalid' }, source, account);
    expect(refused?.text).toContain('Where it was the SSH host that refused');
    expect(refused?.shell).toBe(
      'cdi credential keygen ssh --out ssh_tunnel_key_2 --to shop.abc123.eu-west-1.redshift.amazonaws.com:5440',
    );
  });
});

function credentialOf<W extends Warehouse>(warehouse: W) {
  return credentialNamed('own')[warehouse];
}

test('a data type has the same table in every guide', () => {
  for (const dataType of DATA_TYPES satisfies readonly DataType[]) {
    const tables = WAREHOUSES.map((name) => setupGuide(name).proposedSource(dataType).table.toLowerCase());
    expect(new Set(tables).size).toBe(1);
  }
  expect(setupGuide('snowflake').proposedSource('events').table).toBe('APP_EVENTS');
});
