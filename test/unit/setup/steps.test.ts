/** The steps of every guide, with what there is to paste, where nothing is declared yet and where a credential is. */
import { describe, expect, test } from 'vitest';
import type { SetupAccount, SetupSource, SetupStep } from '../../../model/setup/setup-guide.ts';
import { setupGuide } from '../../../model/setup/setup-guides.ts';
import { snowflakeName } from '../../../model/setup/snowflake.ts';
import { type Warehouse, WAREHOUSES } from '../../../model/warehouse-credentials.ts';
import { accountOf, NO_ACCOUNT } from './accounts.ts';

/** Title, lines to paste without comments and columns, name of the file. */
type Step = readonly [title: string, ...lines: string[]];

const EGRESS = ['203.0.113.7', '2001:db8::1', '198.51.100.0/28'];

const STEPS: Record<Warehouse, Record<'first' | 'declared', readonly Step[]>> = {
  snowflake: {
    first: [
      ['Make a key pair', 'cdi credential keygen snowflake --out snowflake_key.p8'],
      [
        'Make database, schema and table',
        'CREATE DATABASE IF NOT EXISTS "BRAZE_CDI";',
        'CREATE SCHEMA IF NOT EXISTS "BRAZE_CDI"."s";',
        'CREATE TABLE IF NOT EXISTS "BRAZE_CDI"."s"."t" (…);',
      ],
      [
        'Make the role, and let it read',
        'CREATE ROLE IF NOT EXISTS "BRAZE_CDI_ROLE";',
        'GRANT USAGE ON DATABASE "BRAZE_CDI" TO ROLE "BRAZE_CDI_ROLE";',
        'GRANT USAGE ON SCHEMA "BRAZE_CDI"."s" TO ROLE "BRAZE_CDI_ROLE";',
        'GRANT SELECT ON TABLE "BRAZE_CDI"."s"."t" TO ROLE "BRAZE_CDI_ROLE";',
      ],
      [
        'Make the virtual warehouse',
        'CREATE WAREHOUSE IF NOT EXISTS "BRAZE_CDI_WAREHOUSE"',
        '  WAREHOUSE_SIZE = XSMALL AUTO_SUSPEND = 60 AUTO_RESUME = TRUE INITIALLY_SUSPENDED = TRUE;',
        'GRANT USAGE ON WAREHOUSE "BRAZE_CDI_WAREHOUSE" TO ROLE "BRAZE_CDI_ROLE";',
      ],
      [
        'Make the user',
        'CREATE USER IF NOT EXISTS "BRAZE_CDI_USER" TYPE = SERVICE DEFAULT_ROLE = "BRAZE_CDI_ROLE" DEFAULT_WAREHOUSE = "BRAZE_CDI_WAREHOUSE";',
        `ALTER USER "BRAZE_CDI_USER" SET RSA_PUBLIC_KEY='<public key>';`,
        'GRANT ROLE "BRAZE_CDI_ROLE" TO USER "BRAZE_CDI_USER";',
      ],
      [
        'Let the connections in',
        `CREATE NETWORK POLICY IF NOT EXISTS "BRAZE_CDI" ALLOWED_IP_LIST = ('203.0.113.7', '198.51.100.0/28');`,
        `ALTER NETWORK POLICY "BRAZE_CDI" SET ALLOWED_IP_LIST = ('203.0.113.7', '198.51.100.0/28');`,
        'ALTER USER "BRAZE_CDI_USER" SET NETWORK_POLICY = "BRAZE_CDI";',
      ],
      ['Write the credential file', 'my-syncs/snowflake.yaml'],
      [
        'Check the account',
        'cdi credential add my-syncs/snowflake.yaml',
        'cdi setup snowflake --type events --credential snowflake --schema s --table t --check',
      ],
      ['Write the sync file', 'my-syncs/t.yaml'],
      ['Put it in force', 'cdi apply my-syncs --dry-run', 'cdi apply my-syncs'],
    ],
    declared: [
      [
        'Make database, schema and table',
        'CREATE DATABASE IF NOT EXISTS "OWN_DATABASE";',
        'CREATE SCHEMA IF NOT EXISTS "OWN_DATABASE"."s";',
        'CREATE TABLE IF NOT EXISTS "OWN_DATABASE"."s"."t" (…);',
      ],
      [
        'Make the role, and let it read',
        'CREATE ROLE IF NOT EXISTS "OWN_ROLE";',
        'GRANT USAGE ON DATABASE "OWN_DATABASE" TO ROLE "OWN_ROLE";',
        'GRANT USAGE ON SCHEMA "OWN_DATABASE"."s" TO ROLE "OWN_ROLE";',
        'GRANT SELECT ON TABLE "OWN_DATABASE"."s"."t" TO ROLE "OWN_ROLE";',
      ],
      [
        'Make the virtual warehouse',
        'CREATE WAREHOUSE IF NOT EXISTS "OWN_WAREHOUSE"',
        '  WAREHOUSE_SIZE = XSMALL AUTO_SUSPEND = 60 AUTO_RESUME = TRUE INITIALLY_SUSPENDED = TRUE;',
        'GRANT USAGE ON WAREHOUSE "OWN_WAREHOUSE" TO ROLE "OWN_ROLE";',
      ],
      ['Give the user the role', 'GRANT ROLE "OWN_ROLE" TO USER "OWN_USER";'],
      [
        'Let the connections in',
        `CREATE NETWORK POLICY IF NOT EXISTS "BRAZE_CDI" ALLOWED_IP_LIST = ('203.0.113.7', '198.51.100.0/28');`,
        `ALTER NETWORK POLICY "BRAZE_CDI" SET ALLOWED_IP_LIST = ('203.0.113.7', '198.51.100.0/28');`,
        'ALTER USER "OWN_USER" SET NETWORK_POLICY = "BRAZE_CDI";',
      ],
      [
        'Check the account',
        'cdi setup snowflake --type events --credential mine --schema s --table t --check',
      ],
      ['Write the sync file', 'my-syncs/t.yaml'],
      ['Put it in force', 'cdi apply my-syncs --dry-run', 'cdi apply my-syncs'],
    ],
  },
  redshift: {
    first: [
      [
        'Make schema and table',
        'CREATE SCHEMA IF NOT EXISTS "s";',
        'CREATE TABLE IF NOT EXISTS "s"."t" (…)',
        'SORTKEY (updated_at);',
      ],
      [
        'Make the user, and let it read',
        `CREATE USER "braze_cdi" PASSWORD '<password>';`,
        'GRANT USAGE ON SCHEMA "s" TO "braze_cdi";',
        'GRANT SELECT ON "s"."t" TO "braze_cdi";',
      ],
      [
        'Let the connections in',
        'aws ec2 authorize-security-group-ingress --group-id SECURITY_GROUP --protocol tcp --port 5439 --cidr 203.0.113.7/32',
        'aws ec2 authorize-security-group-ingress --group-id SECURITY_GROUP --protocol tcp --port 5439 --cidr 198.51.100.0/28',
      ],
      [
        'Only for a cluster that is not public: make a key for the SSH tunnel',
        'cdi credential keygen ssh --out ssh_tunnel_key --to my-cluster.abc123.eu-west-1.redshift.amazonaws.com:5439',
      ],
      ['Write the credential file', 'my-syncs/redshift.yaml'],
      [
        'Check the account',
        'cdi credential add my-syncs/redshift.yaml',
        'cdi setup redshift --type events --credential redshift --schema s --table t --check',
      ],
      ['Write the sync file', 'my-syncs/t.yaml'],
      ['Put it in force', 'cdi apply my-syncs --dry-run', 'cdi apply my-syncs'],
    ],
    declared: [
      [
        'Make schema and table',
        'CREATE SCHEMA IF NOT EXISTS "s";',
        'CREATE TABLE IF NOT EXISTS "s"."t" (…)',
        'SORTKEY (updated_at);',
      ],
      [
        'Make the user, and let it read',
        'GRANT USAGE ON SCHEMA "s" TO "own_user";',
        'GRANT SELECT ON "s"."t" TO "own_user";',
      ],
      [
        'Let the connections in',
        'aws ec2 authorize-security-group-ingress --group-id SECURITY_GROUP --protocol tcp --port 5440 --cidr 203.0.113.7/32',
        'aws ec2 authorize-security-group-ingress --group-id SECURITY_GROUP --protocol tcp --port 5440 --cidr 198.51.100.0/28',
      ],
      [
        'Check the account',
        'cdi setup redshift --type events --credential mine --schema s --table t --check',
      ],
      ['Write the sync file', 'my-syncs/t.yaml'],
      ['Put it in force', 'cdi apply my-syncs --dry-run', 'cdi apply my-syncs'],
    ],
  },
  bigquery: {
    first: [
      [
        'Make dataset and table',
        'CREATE SCHEMA IF NOT EXISTS `my-project`.`s` OPTIONS (location = "US");',
        'CREATE TABLE IF NOT EXISTS `my-project`.`s`.`t` (…)',
        'PARTITION BY TIMESTAMP_TRUNC(updated_at, DAY);',
      ],
      [
        'Make the service account, with its roles on the project',
        'gcloud services enable bigquery.googleapis.com --project my-project',
        'gcloud iam service-accounts create braze-cdi --project my-project',
        'gcloud projects add-iam-policy-binding my-project --member serviceAccount:braze-cdi@my-project.iam.gserviceaccount.com --role roles/bigquery.user --condition None',
        'gcloud projects add-iam-policy-binding my-project --member serviceAccount:braze-cdi@my-project.iam.gserviceaccount.com --role roles/bigquery.jobUser --condition None',
        'gcloud projects add-iam-policy-binding my-project --member serviceAccount:braze-cdi@my-project.iam.gserviceaccount.com --role roles/bigquery.connectionUser --condition None',
      ],
      [
        'Let it read the dataset',
        'GRANT `roles/bigquery.dataViewer` ON SCHEMA `my-project`.`s` TO "serviceAccount:braze-cdi@my-project.iam.gserviceaccount.com";',
      ],
      [
        'Make its key file',
        '(umask 077; gcloud iam service-accounts keys create bigquery_key.json --iam-account braze-cdi@my-project.iam.gserviceaccount.com)',
      ],
      ['Let the connections in'],
      ['Write the credential file', 'my-syncs/bigquery.yaml'],
      [
        'Check the account',
        'cdi credential add my-syncs/bigquery.yaml',
        'cdi setup bigquery --type events --credential bigquery --schema s --table t --check',
      ],
      ['Write the sync file', 'my-syncs/t.yaml'],
      ['Put it in force', 'cdi apply my-syncs --dry-run', 'cdi apply my-syncs'],
    ],
    declared: [
      [
        'Make dataset and table',
        'CREATE SCHEMA IF NOT EXISTS `shop-project`.`s` OPTIONS (location = "EU");',
        'CREATE TABLE IF NOT EXISTS `shop-project`.`s`.`t` (…)',
        'PARTITION BY TIMESTAMP_TRUNC(updated_at, DAY);',
      ],
      [
        'Make the service account, with its roles on the project',
        'gcloud services enable bigquery.googleapis.com --project shop-project',
        'gcloud projects add-iam-policy-binding shop-project --member serviceAccount:reader@shop-project.iam.gserviceaccount.com --role roles/bigquery.user --condition None',
        'gcloud projects add-iam-policy-binding shop-project --member serviceAccount:reader@shop-project.iam.gserviceaccount.com --role roles/bigquery.jobUser --condition None',
        'gcloud projects add-iam-policy-binding shop-project --member serviceAccount:reader@shop-project.iam.gserviceaccount.com --role roles/bigquery.connectionUser --condition None',
      ],
      [
        'Let it read the dataset',
        'GRANT `roles/bigquery.dataViewer` ON SCHEMA `shop-project`.`s` TO "serviceAccount:reader@shop-project.iam.gserviceaccount.com";',
      ],
      ['Let the connections in'],
      [
        'Check the account',
        'cdi setup bigquery --type events --credential mine --schema s --table t --check',
      ],
      ['Write the sync file', 'my-syncs/t.yaml'],
      ['Put it in force', 'cdi apply my-syncs --dry-run', 'cdi apply my-syncs'],
    ],
  },
  databricks: {
    first: [
      [
        'Make schema and table',
        'CREATE SCHEMA IF NOT EXISTS `main`.`s`;',
        'CREATE TABLE IF NOT EXISTS `main`.`s`.`t` (…)',
        `TBLPROPERTIES ('delta.feature.allowColumnDefaults' = 'supported');`,
      ],
      ['Make a service principal, with a secret or a token'],
      [
        'Let it read',
        'GRANT USE CATALOG ON CATALOG `main` TO `<application id>`;',
        'GRANT USE SCHEMA ON SCHEMA `main`.`s` TO `<application id>`;',
        'GRANT SELECT ON TABLE `main`.`s`.`t` TO `<application id>`;',
      ],
      ['Let it use the SQL warehouse'],
      [
        'Let the connections in',
        `databricks ip-access-lists create braze-cdi ALLOW --json '{"ip_addresses":["203.0.113.7","2001:db8::1","198.51.100.0/28"]}'`,
      ],
      ['Write the credential file', 'my-syncs/databricks.yaml'],
      [
        'Check the account',
        'cdi credential add my-syncs/databricks.yaml',
        'cdi setup databricks --type events --credential databricks --schema s --table t --check',
      ],
      ['Write the sync file', 'my-syncs/t.yaml'],
      ['Put it in force', 'cdi apply my-syncs --dry-run', 'cdi apply my-syncs'],
    ],
    declared: [
      [
        'Make schema and table',
        'CREATE SCHEMA IF NOT EXISTS `own_catalog`.`s`;',
        'CREATE TABLE IF NOT EXISTS `own_catalog`.`s`.`t` (…)',
        `TBLPROPERTIES ('delta.feature.allowColumnDefaults' = 'supported');`,
      ],
      [
        'Let it read',
        'GRANT USE CATALOG ON CATALOG `own_catalog` TO `own_client`;',
        'GRANT USE SCHEMA ON SCHEMA `own_catalog`.`s` TO `own_client`;',
        'GRANT SELECT ON TABLE `own_catalog`.`s`.`t` TO `own_client`;',
      ],
      ['Let it use the SQL warehouse'],
      [
        'Let the connections in',
        `databricks ip-access-lists create braze-cdi ALLOW --json '{"ip_addresses":["203.0.113.7","2001:db8::1","198.51.100.0/28"]}'`,
      ],
      [
        'Check the account',
        'cdi setup databricks --type events --credential mine --schema s --table t --check',
      ],
      ['Write the sync file', 'my-syncs/t.yaml'],
      ['Put it in force', 'cdi apply my-syncs --dry-run', 'cdi apply my-syncs'],
    ],
  },
  fabric: {
    first: [
      ['Register an app in Entra'],
      ['Make its client secret'],
      ['Let apps use Fabric'],
      ['Give the app a role in the workspace'],
      [
        'Make schema and table',
        `IF SCHEMA_ID('s') IS NULL EXEC ('CREATE SCHEMA [s]');`,
        'CREATE TABLE [s].[t] (…);',
      ],
      ['Let the app read this table alone', 'GRANT SELECT ON OBJECT::[s].[t] TO [braze-cdi];'],
      ['Let the connections in'],
      ['Write the credential file', 'my-syncs/fabric.yaml'],
      [
        'Check the account',
        'cdi credential add my-syncs/fabric.yaml',
        'cdi setup fabric --type events --credential fabric --schema s --table t --check',
      ],
      ['Write the sync file', 'my-syncs/t.yaml'],
      ['Put it in force', 'cdi apply my-syncs --dry-run', 'cdi apply my-syncs'],
    ],
    declared: [
      [
        'Make schema and table',
        `IF SCHEMA_ID('s') IS NULL EXEC ('CREATE SCHEMA [s]');`,
        'CREATE TABLE [s].[t] (…);',
      ],
      ['Let the app read this table alone', 'GRANT SELECT ON OBJECT::[s].[t] TO [braze-cdi];'],
      ['Let the connections in'],
      ['Check the account', 'cdi setup fabric --type events --credential mine --schema s --table t --check'],
      ['Write the sync file', 'my-syncs/t.yaml'],
      ['Put it in force', 'cdi apply my-syncs --dry-run', 'cdi apply my-syncs'],
    ],
  },
};

function linesOf({ title, sql, shell, file }: SetupStep): Step {
  const paste = [sql ?? '', shell ?? '']
    .join('\n')
    .replace(/\(\n.*?\n\)/s, '(…)')
    .split('\n');
  return [
    title,
    ...paste.filter((line) => line !== '' && !line.startsWith('--')),
    ...(file ? [file.name] : []),
  ];
}

const EVENTS: SetupSource = { dataType: 'events', schema: 's', table: 't' };

describe.each(WAREHOUSES)('setting up %s', (warehouse) => {
  const stepsFor = (account: SetupAccount): Step[] =>
    setupGuide(warehouse).steps(EVENTS, account).map(linesOf);

  test('for the first time', () => {
    expect(stepsFor({ ...NO_ACCOUNT, egress: EGRESS })).toEqual(STEPS[warehouse].first);
  });

  test('with a credential', () => {
    expect(stepsFor({ ...accountOf(warehouse, 'own'), egress: EGRESS })).toEqual(STEPS[warehouse].declared);
  });

  test('where the addresses are not known, there is nothing to paste for them', () => {
    const letIn = stepsFor(NO_ACCOUNT).filter(([title]) => title === 'Let the connections in');
    expect(letIn).toEqual([['Let the connections in']]);
  });

  test('every step says what it is for', () => {
    for (const account of [NO_ACCOUNT, accountOf(warehouse, 'own')])
      for (const { text } of setupGuide(warehouse).steps(EVENTS, account))
        expect(text).toMatch(/^[\p{Lu}`].*\.$/su);
  });
});

test.each([
  ['reader', '"READER"'],
  ['_r$1', '"_R$1"'],
  ['"reader"', '"reader"'],
  ['"a ""b"""', '"a ""b"""'],
  ['1reader', '"1reader"'],
  ['a-b', '"a-b"'],
  ['a"b', '"a""b"'],
  ['x"y"', '"x""y"""'],
  ['"x"y', '"""x""y"'],
  ['""', '""""""'],
])('Snowflake keeps %s as %s', (name, kept) => {
  expect(snowflakeName(name)).toBe(kept);
});
