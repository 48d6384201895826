/** What there is to paste where a set-up does not work: exactly, for every error, with and without a credential. */
import { describe, expect, test } from 'vitest';
import type {
  Instruction,
  SetupAccount,
  SetupProblem,
  SetupSource,
} from '../../../model/setup/setup-guide.ts';
import { setupGuide } from '../../../model/setup/setup-guides.ts';
import { type Warehouse, WAREHOUSES } from '../../../model/warehouse-credentials.ts';
import { accountOf, credentialNamed, NO_ACCOUNT } from './accounts.ts';

type Lines = readonly string[];

const ERRORS = [
  'credentials_invalid',
  'permission_denied',
  'table_missing',
  'warehouse_busy',
  'warehouse_unreachable',
] as const;

const EGRESS = ['203.0.113.7', '2001:db8::1', '198.51.100.0/28'];

/** Lines without comments and columns. */
const REMEDIES: Record<Warehouse, Record<(typeof ERRORS)[number], readonly [unknown: Lines, own: Lines]>> = {
  snowflake: {
    credentials_invalid: [
      [
        'DESC USER "BRAZE_CDI_USER";',
        `ALTER USER "BRAZE_CDI_USER" SET RSA_PUBLIC_KEY='<public key>';`,
        'ALTER USER "BRAZE_CDI_USER" SET DISABLED = FALSE MINS_TO_UNLOCK = 0;',
        'GRANT ROLE "BRAZE_CDI_ROLE" TO USER "BRAZE_CDI_USER";',
        'cdi credential keygen snowflake --out snowflake_key_2.p8 --user BRAZE_CDI_USER',
      ],
      [
        'DESC USER "OWN_USER";',
        `ALTER USER "OWN_USER" SET RSA_PUBLIC_KEY='<public key>';`,
        'ALTER USER "OWN_USER" SET DISABLED = FALSE MINS_TO_UNLOCK = 0;',
        'GRANT ROLE "OWN_ROLE" TO USER "OWN_USER";',
        'cdi credential keygen snowflake --out snowflake_key_2.p8 --user own_USER',
      ],
    ],
    permission_denied: [
      [
        'GRANT USAGE ON DATABASE "BRAZE_CDI" TO ROLE "BRAZE_CDI_ROLE";',
        'GRANT USAGE ON SCHEMA "BRAZE_CDI"."s" TO ROLE "BRAZE_CDI_ROLE";',
        'GRANT SELECT ON TABLE "BRAZE_CDI"."s"."t" TO ROLE "BRAZE_CDI_ROLE";',
        'CREATE WAREHOUSE IF NOT EXISTS "BRAZE_CDI_WAREHOUSE"',
        '  WAREHOUSE_SIZE = XSMALL AUTO_SUSPEND = 60 AUTO_RESUME = TRUE INITIALLY_SUSPENDED = TRUE;',
        'GRANT USAGE ON WAREHOUSE "BRAZE_CDI_WAREHOUSE" TO ROLE "BRAZE_CDI_ROLE";',
        'GRANT ROLE "BRAZE_CDI_ROLE" TO USER "BRAZE_CDI_USER";',
      ],
      [
        'GRANT USAGE ON DATABASE "OWN_DATABASE" TO ROLE "OWN_ROLE";',
        'GRANT USAGE ON SCHEMA "OWN_DATABASE"."s" TO ROLE "OWN_ROLE";',
        'GRANT SELECT ON TABLE "OWN_DATABASE"."s"."t" TO ROLE "OWN_ROLE";',
        'CREATE WAREHOUSE IF NOT EXISTS "OWN_WAREHOUSE"',
        '  WAREHOUSE_SIZE = XSMALL AUTO_SUSPEND = 60 AUTO_RESUME = TRUE INITIALLY_SUSPENDED = TRUE;',
        'GRANT USAGE ON WAREHOUSE "OWN_WAREHOUSE" TO ROLE "OWN_ROLE";',
        'GRANT ROLE "OWN_ROLE" TO USER "OWN_USER";',
      ],
    ],
    table_missing: [
      [
        'CREATE DATABASE IF NOT EXISTS "BRAZE_CDI";',
        'CREATE SCHEMA IF NOT EXISTS "BRAZE_CDI"."s";',
        'CREATE TABLE IF NOT EXISTS "BRAZE_CDI"."s"."t" (…);',
        'GRANT USAGE ON DATABASE "BRAZE_CDI" TO ROLE "BRAZE_CDI_ROLE";',
        'GRANT USAGE ON SCHEMA "BRAZE_CDI"."s" TO ROLE "BRAZE_CDI_ROLE";',
        'GRANT SELECT ON TABLE "BRAZE_CDI"."s"."t" TO ROLE "BRAZE_CDI_ROLE";',
      ],
      [
        'CREATE DATABASE IF NOT EXISTS "OWN_DATABASE";',
        'CREATE SCHEMA IF NOT EXISTS "OWN_DATABASE"."s";',
        'CREATE TABLE IF NOT EXISTS "OWN_DATABASE"."s"."t" (…);',
        'GRANT USAGE ON DATABASE "OWN_DATABASE" TO ROLE "OWN_ROLE";',
        'GRANT USAGE ON SCHEMA "OWN_DATABASE"."s" TO ROLE "OWN_ROLE";',
        'GRANT SELECT ON TABLE "OWN_DATABASE"."s"."t" TO ROLE "OWN_ROLE";',
      ],
    ],
    warehouse_busy: [
      [
        'ALTER WAREHOUSE "BRAZE_CDI_WAREHOUSE" SET AUTO_RESUME = TRUE;',
        'GRANT USAGE ON WAREHOUSE "BRAZE_CDI_WAREHOUSE" TO ROLE "BRAZE_CDI_ROLE";',
        'ALTER WAREHOUSE "BRAZE_CDI_WAREHOUSE" RESUME IF SUSPENDED;',
        'ALTER RESOURCE MONITOR <monitor> SET CREDIT_QUOTA = <credits>;',
        'ALTER USER "BRAZE_CDI_USER" SET DEFAULT_WAREHOUSE = "BRAZE_CDI_WAREHOUSE";',
      ],
      [
        'ALTER WAREHOUSE "OWN_WAREHOUSE" SET AUTO_RESUME = TRUE;',
        'GRANT USAGE ON WAREHOUSE "OWN_WAREHOUSE" TO ROLE "OWN_ROLE";',
        'ALTER WAREHOUSE "OWN_WAREHOUSE" RESUME IF SUSPENDED;',
        'ALTER RESOURCE MONITOR <monitor> SET CREDIT_QUOTA = <credits>;',
      ],
    ],
    warehouse_unreachable: [
      [
        `CREATE NETWORK POLICY IF NOT EXISTS "BRAZE_CDI" ALLOWED_IP_LIST = ('203.0.113.7', '198.51.100.0/28');`,
        `ALTER NETWORK POLICY "BRAZE_CDI" SET ALLOWED_IP_LIST = ('203.0.113.7', '198.51.100.0/28');`,
        'ALTER USER "BRAZE_CDI_USER" SET NETWORK_POLICY = "BRAZE_CDI";',
      ],
      [
        `CREATE NETWORK POLICY IF NOT EXISTS "BRAZE_CDI" ALLOWED_IP_LIST = ('203.0.113.7', '198.51.100.0/28');`,
        `ALTER NETWORK POLICY "BRAZE_CDI" SET ALLOWED_IP_LIST = ('203.0.113.7', '198.51.100.0/28');`,
        'ALTER USER "OWN_USER" SET NETWORK_POLICY = "BRAZE_CDI";',
      ],
    ],
  },
  redshift: {
    credentials_invalid: [
      [`ALTER USER "braze_cdi" PASSWORD '<password>';`],
      [`ALTER USER "own_user" PASSWORD '<password>';`],
    ],
    permission_denied: [
      ['GRANT USAGE ON SCHEMA "s" TO "braze_cdi";', 'GRANT SELECT ON "s"."t" TO "braze_cdi";'],
      ['GRANT USAGE ON SCHEMA "s" TO "own_user";', 'GRANT SELECT ON "s"."t" TO "own_user";'],
    ],
    table_missing: [
      [
        'CREATE SCHEMA IF NOT EXISTS "s";',
        'CREATE TABLE IF NOT EXISTS "s"."t" (…)',
        'SORTKEY (updated_at);',
        'GRANT USAGE ON SCHEMA "s" TO "braze_cdi";',
        'GRANT SELECT ON "s"."t" TO "braze_cdi";',
      ],
      [
        'CREATE SCHEMA IF NOT EXISTS "s";',
        'CREATE TABLE IF NOT EXISTS "s"."t" (…)',
        'SORTKEY (updated_at);',
        'GRANT USAGE ON SCHEMA "s" TO "own_user";',
        'GRANT SELECT ON "s"."t" TO "own_user";',
      ],
    ],
    warehouse_busy: [
      [
        'SELECT user_name, COUNT(*) FROM stv_sessions GROUP BY user_name;',
        'ALTER USER "braze_cdi" CONNECTION LIMIT UNLIMITED;',
        'aws redshift resume-cluster --cluster-identifier CLUSTER',
      ],
      [
        'SELECT user_name, COUNT(*) FROM stv_sessions GROUP BY user_name;',
        'ALTER USER "own_user" CONNECTION LIMIT UNLIMITED;',
        'aws redshift resume-cluster --cluster-identifier shop',
      ],
    ],
    warehouse_unreachable: [
      [
        'aws redshift resume-cluster --cluster-identifier CLUSTER',
        'aws ec2 authorize-security-group-ingress --group-id SECURITY_GROUP --protocol tcp --port 5439 --cidr 203.0.113.7/32',
        'aws ec2 authorize-security-group-ingress --group-id SECURITY_GROUP --protocol tcp --port 5439 --cidr 198.51.100.0/28',
      ],
      [
        'aws redshift resume-cluster --cluster-identifier shop',
        'aws ec2 authorize-security-group-ingress --group-id SECURITY_GROUP --protocol tcp --port 5440 --cidr 203.0.113.7/32',
        'aws ec2 authorize-security-group-ingress --group-id SECURITY_GROUP --protocol tcp --port 5440 --cidr 198.51.100.0/28',
      ],
    ],
  },
  bigquery: {
    credentials_invalid: [
      [
        '(umask 077; gcloud iam service-accounts keys create bigquery_key.json --iam-account braze-cdi@my-project.iam.gserviceaccount.com)',
      ],
      [
        '(umask 077; gcloud iam service-accounts keys create bigquery_key.json --iam-account reader@shop-project.iam.gserviceaccount.com)',
      ],
    ],
    permission_denied: [
      [
        'GRANT `roles/bigquery.dataViewer` ON SCHEMA `my-project`.`s` TO "serviceAccount:braze-cdi@my-project.iam.gserviceaccount.com";',
        'gcloud projects add-iam-policy-binding my-project --member serviceAccount:braze-cdi@my-project.iam.gserviceaccount.com --role roles/bigquery.user --condition None',
        'gcloud projects add-iam-policy-binding my-project --member serviceAccount:braze-cdi@my-project.iam.gserviceaccount.com --role roles/bigquery.jobUser --condition None',
        'gcloud projects add-iam-policy-binding my-project --member serviceAccount:braze-cdi@my-project.iam.gserviceaccount.com --role roles/bigquery.connectionUser --condition None',
      ],
      [
        'GRANT `roles/bigquery.dataViewer` ON SCHEMA `shop-project`.`s` TO "serviceAccount:reader@shop-project.iam.gserviceaccount.com";',
        'gcloud projects add-iam-policy-binding shop-project --member serviceAccount:reader@shop-project.iam.gserviceaccount.com --role roles/bigquery.user --condition None',
        'gcloud projects add-iam-policy-binding shop-project --member serviceAccount:reader@shop-project.iam.gserviceaccount.com --role roles/bigquery.jobUser --condition None',
        'gcloud projects add-iam-policy-binding shop-project --member serviceAccount:reader@shop-project.iam.gserviceaccount.com --role roles/bigquery.connectionUser --condition None',
      ],
    ],
    table_missing: [
      [
        'CREATE SCHEMA IF NOT EXISTS `my-project`.`s` OPTIONS (location = "US");',
        'CREATE TABLE IF NOT EXISTS `my-project`.`s`.`t` (…)',
        'PARTITION BY TIMESTAMP_TRUNC(updated_at, DAY);',
        'GRANT `roles/bigquery.dataViewer` ON SCHEMA `my-project`.`s` TO "serviceAccount:braze-cdi@my-project.iam.gserviceaccount.com";',
      ],
      [
        'CREATE SCHEMA IF NOT EXISTS `shop-project`.`s` OPTIONS (location = "EU");',
        'CREATE TABLE IF NOT EXISTS `shop-project`.`s`.`t` (…)',
        'PARTITION BY TIMESTAMP_TRUNC(updated_at, DAY);',
        'GRANT `roles/bigquery.dataViewer` ON SCHEMA `shop-project`.`s` TO "serviceAccount:reader@shop-project.iam.gserviceaccount.com";',
      ],
    ],
    warehouse_busy: [[], []],
    warehouse_unreachable: [[], []],
  },
  databricks: {
    credentials_invalid: [[], []],
    permission_denied: [
      [
        'GRANT USE CATALOG ON CATALOG `main` TO `<application id>`;',
        'GRANT USE SCHEMA ON SCHEMA `main`.`s` TO `<application id>`;',
        'GRANT SELECT ON TABLE `main`.`s`.`t` TO `<application id>`;',
      ],
      [
        'GRANT USE CATALOG ON CATALOG `own_catalog` TO `own_client`;',
        'GRANT USE SCHEMA ON SCHEMA `own_catalog`.`s` TO `own_client`;',
        'GRANT SELECT ON TABLE `own_catalog`.`s`.`t` TO `own_client`;',
      ],
    ],
    table_missing: [
      [
        'CREATE SCHEMA IF NOT EXISTS `main`.`s`;',
        'CREATE TABLE IF NOT EXISTS `main`.`s`.`t` (…)',
        `TBLPROPERTIES ('delta.feature.allowColumnDefaults' = 'supported');`,
        'GRANT USE CATALOG ON CATALOG `main` TO `<application id>`;',
        'GRANT USE SCHEMA ON SCHEMA `main`.`s` TO `<application id>`;',
        'GRANT SELECT ON TABLE `main`.`s`.`t` TO `<application id>`;',
      ],
      [
        'CREATE SCHEMA IF NOT EXISTS `own_catalog`.`s`;',
        'CREATE TABLE IF NOT EXISTS `own_catalog`.`s`.`t` (…)',
        `TBLPROPERTIES ('delta.feature.allowColumnDefaults' = 'supported');`,
        'GRANT USE CATALOG ON CATALOG `own_catalog` TO `own_client`;',
        'GRANT USE SCHEMA ON SCHEMA `own_catalog`.`s` TO `own_client`;',
        'GRANT SELECT ON TABLE `own_catalog`.`s`.`t` TO `own_client`;',
      ],
    ],
    warehouse_busy: [['databricks warehouses start WAREHOUSE_ID'], ['databricks warehouses start abc123']],
    warehouse_unreachable: [
      [
        `databricks ip-access-lists create braze-cdi ALLOW --json '{"ip_addresses":["203.0.113.7","2001:db8::1","198.51.100.0/28"]}'`,
      ],
      [
        `databricks ip-access-lists create braze-cdi ALLOW --json '{"ip_addresses":["203.0.113.7","2001:db8::1","198.51.100.0/28"]}'`,
      ],
    ],
  },
  fabric: {
    credentials_invalid: [
      ['az ad app credential reset --id CLIENT_ID --append'],
      ['az ad app credential reset --id client --append'],
    ],
    permission_denied: [
      ['GRANT SELECT ON OBJECT::[s].[t] TO [braze-cdi];'],
      ['GRANT SELECT ON OBJECT::[s].[t] TO [braze-cdi];'],
    ],
    table_missing: [
      [
        `IF SCHEMA_ID('s') IS NULL EXEC ('CREATE SCHEMA [s]');`,
        'CREATE TABLE [s].[t] (…);',
        'GRANT SELECT ON OBJECT::[s].[t] TO [braze-cdi];',
      ],
      [
        `IF SCHEMA_ID('s') IS NULL EXEC ('CREATE SCHEMA [s]');`,
        'CREATE TABLE [s].[t] (…);',
        'GRANT SELECT ON OBJECT::[s].[t] TO [braze-cdi];',
      ],
    ],
    warehouse_busy: [
      ['az fabric capacity resume --resource-group RESOURCE_GROUP --capacity-name CAPACITY'],
      ['az fabric capacity resume --resource-group RESOURCE_GROUP --capacity-name CAPACITY'],
    ],
    warehouse_unreachable: [[], []],
  },
};

const EVENTS: SetupSource = { dataType: 'events', schema: 's', table: 't' };

function remedyOf(warehouse: Warehouse, type: SetupProblem['type'], account: SetupAccount): Instruction {
  const remedy = setupGuide(warehouse).remedy({ type }, EVENTS, account);
  if (!remedy) throw new Error(`${warehouse} has no remedy for ${type}.`);
  return remedy;
}

function linesOf({ sql, shell }: Instruction): Lines {
  const paste = [sql ?? '', shell ?? ''].join('\n').replace(/\(\n.*?\n\)/s, '(…)');
  return paste.split('\n').filter((line) => line !== '' && !line.startsWith('--'));
}

describe.each(WAREHOUSES)('%s', (warehouse) => {
  test.each(ERRORS)('%s', (type) => {
    const [unknown, own] = REMEDIES[warehouse][type];
    const lines = (account: SetupAccount): Lines =>
      linesOf(remedyOf(warehouse, type, { ...account, egress: EGRESS }));
    expect(lines(NO_ACCOUNT)).toEqual(unknown);
    expect(lines(accountOf(warehouse, 'own'))).toEqual(own);
  });

  test('lets nothing be pasted for addresses that nobody knows', () => {
    const lines = linesOf(remedyOf(warehouse, 'warehouse_unreachable', NO_ACCOUNT));
    expect(lines.filter((line) => !line.startsWith('aws redshift resume-cluster'))).toEqual([]);
  });
});

test.each(['bigquery', 'fabric'] as const)('%s takes addresses as ranges', (warehouse) => {
  const text = (egress: readonly string[]): string =>
    remedyOf(warehouse, 'warehouse_unreachable', { ...NO_ACCOUNT, egress }).text;
  expect(text(EGRESS)).toMatch(/\. As ranges: 203\.0\.113\.7\/32, 2001:db8::1\/128, 198\.51\.100\.0\/28\.$/);
  expect(text([])).toMatch(/ are filled in\.$/);
});

test.each(['snowflake', 'redshift'] as const)('%s lets in no address of IPv6', (warehouse) => {
  const account = { ...NO_ACCOUNT, egress: ['2001:db8::1'] };
  const remedy = remedyOf(warehouse, 'warehouse_unreachable', account);
  expect(remedy.text).toContain('2001:db8::1');
  expect(linesOf(remedy).join('\n')).not.toContain('2001:db8::1');
});

describe('Snowflake', () => {
  const own = credentialNamed('own').snowflake;
  const isToldOfDefaults = (account: SetupAccount): boolean[] =>
    [
      remedyOf('snowflake', 'permission_denied', account).text,
      remedyOf('snowflake', 'table_missing', account).text,
      remedyOf('snowflake', 'warehouse_busy', account).text,
      setupGuide('snowflake')
        .steps(EVENTS, account)
        .map(({ text }) => text)
        .join('\n'),
    ].map((text) => text.includes('`DESC USER` shows'));

  test('says where the defaults of the user count, and nowhere else', () => {
    const { role, ...noRole } = own;
    const { virtual_warehouse: virtualWarehouse, ...noWarehouse } = own;
    expect([role, virtualWarehouse]).toEqual(['own_ROLE', 'own_WAREHOUSE']);
    for (const credential of [noRole, noWarehouse])
      expect(isToldOfDefaults({ ...NO_ACCOUNT, credential })).toEqual([true, true, true, true]);
    for (const account of [NO_ACCOUNT, accountOf('snowflake', 'own')])
      expect(isToldOfDefaults(account)).toEqual([false, false, false, false]);
  });
});

describe('Redshift', () => {
  test.each([
    ['shop.abc.eu-west-1.redshift.amazonaws.com', 'shop'],
    ['a.shop.abc.eu-west-1.redshift.amazonaws.com', 'CLUSTER'],
    ['shop.eu-west-1.redshift.amazonaws.com', 'CLUSTER'],
    ['wg.1234.eu-west-1.redshift-serverless.amazonaws.com', 'CLUSTER'],
    ['10.0.0.1', 'CLUSTER'],
  ])('finds the cluster of %s: %s', (host, cluster) => {
    const credential = { ...credentialNamed('own').redshift, host };
    expect(remedyOf('redshift', 'warehouse_busy', { ...NO_ACCOUNT, credential }).shell).toBe(
      `aws redshift resume-cluster --cluster-identifier ${cluster}`,
    );
  });

  test('speaks of an SSH host only where there is one', () => {
    const { text } = remedyOf('redshift', 'credentials_invalid', accountOf('redshift', 'own'));
    expect(text).toMatch(/^Give the user a new password, .* the database does not exist\.$/);
  });
});

describe('Databricks', () => {
  const own = credentialNamed('own').databricks;
  const { client_id: _id, client_secret: _secret, ...rest } = own;
  const byToken = { ...rest, token: '${env:TOKEN}' };

  test.each([
    ['/sql/1.0/warehouses/abc123', 'abc123'],
    ['/sql/1.0/endpoints/abc123', 'WAREHOUSE_ID'],
    ['/sql/1.0/warehouses/abc/123', 'WAREHOUSE_ID'],
    ['/sql/1.0/warehouses/', 'WAREHOUSE_ID'],
  ])('finds the SQL warehouse of %s: %s', (path, id) => {
    const credential = { ...own, http_path: path };
    expect(remedyOf('databricks', 'warehouse_busy', { ...NO_ACCOUNT, credential }).shell).toBe(
      `databricks warehouses start ${id}`,
    );
  });

  test('says whose token it may be only where there is one', () => {
    const texts = (account: SetupAccount): string =>
      [
        remedyOf('databricks', 'permission_denied', account).text,
        remedyOf('databricks', 'table_missing', account).text,
        ...setupGuide('databricks')
          .steps(EVENTS, account)
          .map(({ text }) => text),
      ].join('\n');
    expect(texts({ ...NO_ACCOUNT, credential: byToken }).match(/current_user/g)).toHaveLength(3);
    expect(texts(NO_ACCOUNT)).not.toContain('current_user');
    expect(texts(accountOf('databricks', 'own'))).not.toContain('current_user');
  });

  test('renews what the credential logs in with', () => {
    const text = (account: SetupAccount): string =>
      remedyOf('databricks', 'credentials_invalid', account).text;
    expect(text(accountOf('databricks', 'own'))).toMatch(/^Generate a new secret /);
    expect(text({ ...NO_ACCOUNT, credential: byToken })).toMatch(/^Tokens expire\. /);
    expect(text(NO_ACCOUNT)).toMatch(/^Tokens expire\. /);
  });
});
