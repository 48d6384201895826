/** Setting up Snowflake. Source: the set-up page of Braze's CDI, section Snowflake, and the SQL reference of Snowflake. */
import type { SnowflakeCredential } from '../credentials/snowflake.ts';
import { definitionSteps } from './definition-steps.ts';
import { egressWords, isIpv6 } from './egress-words.ts';
import { PROPOSED_TABLES } from './proposed-tables.ts';
import type { Instruction, SetupAccount, SetupGuide, SetupSource, SetupStep } from './setup-guide.ts';
import { shellWord } from './shell-word.ts';
import { columnRemedy, createTable, type SqlDialect } from './sql-dialect.ts';

type Account = SetupAccount<SnowflakeCredential>;

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Names at login are taken as in SQL: without quotes they are kept in capitals. */
export function snowflakeName(name: string): string {
  if (/^"(?:[^"]|"")+"$/.test(name)) return name;
  return quote(/^[A-Za-z_][\w$]*$/.test(name) ? name.toUpperCase() : name);
}

/** The names of the account, quoted; where the credential leaves one to the user's default, the proposed one. */
function namesOf({
  credential,
}: Account): Readonly<Record<'database' | 'role' | 'user' | 'warehouse', string>> {
  return {
    database: snowflakeName(credential?.database ?? 'BRAZE_CDI'),
    role: snowflakeName(credential?.role ?? 'BRAZE_CDI_ROLE'),
    user: snowflakeName(credential?.user ?? 'BRAZE_CDI_USER'),
    warehouse: snowflakeName(credential?.virtual_warehouse ?? 'BRAZE_CDI_WAREHOUSE'),
  };
}

function dialectFor(account: Account): SqlDialect {
  const { database, role } = namesOf(account);
  const tableName = ({ schema }: SetupSource, table: string): string =>
    `${database}.${quote(schema)}.${quote(table)}`;
  return {
    quote,
    tableName,
    columnCase: 'upper',
    types: {
      timestamp: 'TIMESTAMP_NTZ(9)',
      identifier: 'VARCHAR(16777216)',
      payload: 'VARCHAR(16777216)',
      deleted: 'BOOLEAN',
    },
    // SYSDATE() is UTC; CURRENT_TIMESTAMP would follow the time zone of the session.
    updatedAtRest: ' NOT NULL DEFAULT SYSDATE()',
    createTable: 'CREATE TABLE IF NOT EXISTS',
    tableRest: '',
    addColumn: 'ADD COLUMN',
    grantSelect: (source, view) => `GRANT SELECT ON VIEW ${tableName(source, view)} TO ROLE ${role};`,
  };
}

function makeTable(source: SetupSource, account: Account): string {
  const { database } = namesOf(account);
  return [
    `CREATE DATABASE IF NOT EXISTS ${database};`,
    `CREATE SCHEMA IF NOT EXISTS ${database}.${quote(source.schema)};`,
    createTable(dialectFor(account), source),
  ].join('\n');
}

function readGrants(source: SetupSource, account: Account): string {
  const { database, role } = namesOf(account);
  return [
    `GRANT USAGE ON DATABASE ${database} TO ROLE ${role};`,
    `GRANT USAGE ON SCHEMA ${database}.${quote(source.schema)} TO ROLE ${role};`,
    '-- for a view: ON VIEW',
    `GRANT SELECT ON TABLE ${dialectFor(account).tableName(source, source.table)} TO ROLE ${role};`,
  ].join('\n');
}

function makeWarehouse(account: Account): string {
  return [
    `CREATE WAREHOUSE IF NOT EXISTS ${namesOf(account).warehouse}`,
    '  WAREHOUSE_SIZE = XSMALL AUTO_SUSPEND = 60 AUTO_RESUME = TRUE INITIALLY_SUSPENDED = TRUE;',
  ].join('\n');
}

function roleGrants(account: Account): string {
  const { role, user, warehouse } = namesOf(account);
  return [
    `GRANT USAGE ON WAREHOUSE ${warehouse} TO ROLE ${role};`,
    `GRANT ROLE ${role} TO USER ${user};`,
  ].join('\n');
}

/** A policy of the user's own lets it in, and locks nobody else out. */
function allowList(account: Account): Instruction {
  const { user } = namesOf(account);
  const addresses = account.egress.filter((address) => !isIpv6(address)).map((address) => `'${address}'`);
  const list = `ALLOWED_IP_LIST = (${addresses.join(', ')})`;
  return {
    text: `Only where the account has a network policy, or is to have one for this user. ${egressWords(account.egress)}`,
    ...(addresses.length > 0
      ? {
          sql: [
            `CREATE NETWORK POLICY IF NOT EXISTS "BRAZE_CDI" ${list};`,
            '-- where it was there already',
            `ALTER NETWORK POLICY "BRAZE_CDI" SET ${list};`,
            `ALTER USER ${user} SET NETWORK_POLICY = "BRAZE_CDI";`,
          ].join('\n'),
        }
      : {}),
  };
}

const defaultsNote = ({ credential }: Account): string =>
  credential && (credential.role === undefined || credential.virtual_warehouse === undefined)
    ? ' The credential leaves role or virtual warehouse to the defaults of the user, which `DESC USER` shows: put their names in.'
    : '';

/** Making a key pair and the user that has it; a declared credential has its user already. */
function userSteps(account: Account): { key: SetupStep[]; user: string[] } {
  const { role, user, warehouse } = namesOf(account);
  if (account.credential) return { key: [], user: [] };
  return {
    key: [
      {
        title: 'Make a key pair',
        text: 'It writes the private key, and prints the statement with the public one, which the user gets below.',
        shell: 'cdi credential keygen snowflake --out snowflake_key.p8',
      },
    ],
    user: [
      '-- one user for each Braze workspace, of a type that cannot log in with a password',
      `CREATE USER IF NOT EXISTS ${user} TYPE = SERVICE DEFAULT_ROLE = ${role} DEFAULT_WAREHOUSE = ${warehouse};`,
      '-- the statement that `cdi credential keygen` printed',
      `ALTER USER ${user} SET RSA_PUBLIC_KEY='<public key>';`,
    ],
  };
}

export const snowflakeGuide: SetupGuide<SnowflakeCredential> = {
  proposedSource: (dataType) => ({
    dataType,
    schema: 'INGESTION',
    table: PROPOSED_TABLES[dataType].toUpperCase(),
  }),

  steps(source, account) {
    const names = namesOf(account);
    const { role, warehouse } = names;
    const { key, user } = userSteps(account);
    return [
      ...key,
      {
        title: 'Make database, schema and table',
        text: 'Any database and schema will do, and a view is as good as a table. Names in quotes keep their case.',
        sql: makeTable(source, account),
      },
      {
        title: 'Make the role, and let it read',
        text: `It needs no right but these.${defaultsNote(account)}`,
        sql: `CREATE ROLE IF NOT EXISTS ${role};\n${readGrants(source, account)}`,
      },
      {
        title: 'Make the virtual warehouse',
        text: 'It runs the queries, and sleeps between them. A warehouse that is there already will do as well.',
        sql: `${makeWarehouse(account)}\nGRANT USAGE ON WAREHOUSE ${warehouse} TO ROLE ${role};`,
      },
      {
        title: account.credential ? 'Give the user the role' : 'Make the user',
        text: 'This takes the role SECURITYADMIN, or one with the same rights.',
        sql: [...user, `GRANT ROLE ${role} TO USER ${names.user};`].join('\n'),
      },
      { title: 'Let the connections in', ...allowList(account) },
      ...definitionSteps('snowflake', source, account, {
        text: "`SELECT CURRENT_ORGANIZATION_NAME() || '-' || CURRENT_ACCOUNT_NAME()` tells the account identifier.",
        options: `
account: myorg-myaccount
user: BRAZE_CDI_USER
role: BRAZE_CDI_ROLE
virtual_warehouse: BRAZE_CDI_WAREHOUSE
database: BRAZE_CDI
private_key: \${file:snowflake_key.p8}`,
      }),
    ];
  },

  remedy({ type, columns }, source, account) {
    const { role, user, warehouse } = namesOf(account);
    switch (type) {
      case 'credentials_invalid':
        return credentialRemedy(account);
      case 'permission_denied':
        return {
          text: `Let the role read the table or view, run the virtual warehouse, and be used by the user.${defaultsNote(account)}`,
          sql: `${readGrants(source, account)}\n${makeWarehouse(account)}\n${roleGrants(account)}`,
        };
      case 'table_missing':
        return {
          text: `Snowflake says the same of a table that is not there and of one that the role may not see. Make it where it is not there; the grants let the role read it.${defaultsNote(account)}`,
          sql: `${makeTable(source, account)}\n${readGrants(source, account)}`,
        };
      case 'column_missing':
      case 'column_forbidden':
      case 'column_type':
        return columnRemedy(dialectFor(account), type, source, columns);
      case 'warehouse_busy':
        return {
          text: `Let the virtual warehouse wake by itself (AUTO_RESUME): runs send no statement that resumes it, so the right OPERATE on it changes nothing. Where a resource monitor has stopped it, raise the monitor's quota: nothing wakes it until then.${defaultsNote(account)}`,
          sql: [
            `ALTER WAREHOUSE ${warehouse} SET AUTO_RESUME = TRUE;`,
            `GRANT USAGE ON WAREHOUSE ${warehouse} TO ROLE ${role};`,
            '-- now, once',
            `ALTER WAREHOUSE ${warehouse} RESUME IF SUSPENDED;`,
            '-- where its quota is used up; SHOW WAREHOUSES names the monitor',
            'ALTER RESOURCE MONITOR <monitor> SET CREDIT_QUOTA = <credits>;',
            ...(account.credential?.virtual_warehouse === undefined
              ? ['-- the one that the user takes', `ALTER USER ${user} SET DEFAULT_WAREHOUSE = ${warehouse};`]
              : []),
          ].join('\n'),
        };
      case 'warehouse_unreachable':
        return allowList(account);
      default:
        return undefined;
    }
  },
};

function credentialRemedy(account: Account): Instruction {
  const { role, user } = namesOf(account);
  const roleGrant = `GRANT ROLE ${role} TO USER ${user};`;
  const enable = `-- a user that was disabled or locked\nALTER USER ${user} SET DISABLED = FALSE MINS_TO_UNLOCK = 0;`;
  if (account.credential?.token !== undefined) {
    return {
      text: 'Tokens expire. Make a new one, put it where the credential file looks for it, and run `cdi apply`.',
      sql: `ALTER USER ${user} ADD PROGRAMMATIC ACCESS TOKEN BRAZE_CDI;\n${enable}\n${roleGrant}`,
    };
  }
  if (account.credential?.password !== undefined) {
    return {
      text: 'Give the user a new password, put it where the credential file looks for it, and run `cdi apply`.',
      sql: `ALTER USER ${user} SET PASSWORD = '<password>';\n${enable}\n${roleGrant}`,
    };
  }
  return {
    text:
      'Compare RSA_PUBLIC_KEY_FP of the user with the fingerprint that `cdi credential keygen` printed. Where they differ, set ' +
      'the public key of the pair, or make a new pair, name its file in the credential file and run `cdi apply`.',
    sql: [
      `DESC USER ${user};`,
      `ALTER USER ${user} SET RSA_PUBLIC_KEY='<public key>';`,
      enable,
      roleGrant,
    ].join('\n'),
    shell: `cdi credential keygen snowflake --out snowflake_key_2.p8 --user ${shellWord(account.credential?.user ?? 'BRAZE_CDI_USER')}`,
  };
}
