/** Setting up Databricks. Source: the set-up page of Braze's CDI, section Databricks, and the SQL reference of Databricks. */
import type { DatabricksCredential } from '../credentials/databricks.ts';
import { definitionSteps } from './definition-steps.ts';
import { egressWords } from './egress-words.ts';
import { PROPOSED_TABLES } from './proposed-tables.ts';
import type { Instruction, SetupAccount, SetupGuide, SetupSource, SetupStep } from './setup-guide.ts';
import { shellWord } from './shell-word.ts';
import { columnRemedy, createTable, type SqlDialect } from './sql-dialect.ts';

type Account = SetupAccount<DatabricksCredential>;

/** Each part of a name has quotes of its own. */
const quote = (name: string): string => `\`${name.replaceAll('`', '``')}\``;

const catalogOf = ({ credential }: Account): string => quote(credential?.catalog ?? 'main');

/** A token tells nobody whose it is. */
const principalOf = ({ credential }: Account): string =>
  quote(credential?.client_id ?? (credential ? '<owner of the token>' : '<application id>'));

const TOKEN_NOTE =
  ' The statements name `<owner of the token>`: put in the user or service principal whose token it is, as `SELECT current_user()` tells it.';
const tokenNote = ({ credential }: Account): string =>
  credential && credential.client_id === undefined ? TOKEN_NOTE : '';

function dialectFor(account: Account): SqlDialect {
  const tableName = ({ schema }: SetupSource, table: string): string =>
    `${catalogOf(account)}.${quote(schema)}.${quote(table)}`;
  return {
    quote,
    tableName,
    columnCase: 'lower',
    types: { timestamp: 'TIMESTAMP', identifier: 'STRING', payload: 'STRING', deleted: 'BOOLEAN' },
    updatedAtRest: ' NOT NULL DEFAULT current_timestamp()',
    createTable: 'CREATE TABLE IF NOT EXISTS',
    // A default is refused without the table feature.
    tableRest: "\nTBLPROPERTIES ('delta.feature.allowColumnDefaults' = 'supported')",
    addColumn: 'ADD COLUMN',
    grantSelect: (source, view) =>
      `GRANT SELECT ON TABLE ${tableName(source, view)} TO ${principalOf(account)};`,
  };
}

function makeTable(source: SetupSource, account: Account): string {
  return [
    `CREATE SCHEMA IF NOT EXISTS ${catalogOf(account)}.${quote(source.schema)};`,
    createTable(dialectFor(account), source),
  ].join('\n');
}

function grants(source: SetupSource, account: Account): string {
  const principal = principalOf(account);
  return [
    `GRANT USE CATALOG ON CATALOG ${catalogOf(account)} TO ${principal};`,
    `GRANT USE SCHEMA ON SCHEMA ${catalogOf(account)}.${quote(source.schema)} TO ${principal};`,
    dialectFor(account).grantSelect(source, source.table),
  ].join('\n');
}

function allowList({ egress }: Account): Instruction {
  const list = JSON.stringify({ ip_addresses: egress });
  return {
    text: `Only where the workspace has IP access lists. ${egressWords(egress)}`,
    ...(egress.length > 0
      ? { shell: `databricks ip-access-lists create braze-cdi ALLOW --json ${shellWord(list)}` }
      : {}),
  };
}

/** The HTTP path ends with the id of the SQL warehouse. */
const warehouseOf = ({ credential }: Account): string =>
  shellWord(/\/warehouses\/([^/]+)$/.exec(credential?.http_path ?? '')?.[1] ?? 'WAREHOUSE_ID');

const PRINCIPAL_STEP: SetupStep = {
  title: 'Make a service principal, with a secret or a token',
  text:
    'Settings, Identity and access, Service principals, Add. On its page, Secrets, Generate secret: the application id and the ' +
    'secret go into the credential file. A personal access token does as well: Settings, Developer, Access tokens, Generate new ' +
    'token, with an empty lifetime where the workspace allows it; one that expires has to be renewed in time. It reads ' +
    'with the rights of its owner.',
};

export const databricksGuide: SetupGuide<DatabricksCredential> = {
  proposedSource: (dataType) => ({ dataType, schema: 'braze_cdi', table: PROPOSED_TABLES[dataType] }),

  steps: (source, account) => [
    {
      title: 'Make schema and table',
      text:
        'Any catalog and schema will do, and a view is as good as a table; column names are matched without regard to case. ' +
        'PAYLOAD may be a STRUCT or a MAP as well.',
      sql: makeTable(source, account),
    },
    ...(account.credential ? [] : [PRINCIPAL_STEP]),
    {
      title: 'Let it read',
      text: `It needs no right on data but these. A service principal is named by its application id.${tokenNote(account)}`,
      sql: grants(source, account),
    },
    {
      title: 'Let it use the SQL warehouse',
      text:
        'SQL Warehouses, the warehouse, Permissions: Can use. A serverless warehouse wakes in seconds; a classic or pro one takes 2 ' +
        'to 5 minutes, for which a run waits.',
    },
    { title: 'Let the connections in', ...allowList(account) },
    ...definitionSteps('databricks', source, account, {
      text: 'Host and path are on the tab Connection details of the SQL warehouse.',
      options: `
host: dbc-a1b2c3d4-e5f6.cloud.databricks.com
http_path: /sql/1.0/warehouses/0123456789abcdef
catalog: main
client_id: 00000000-0000-0000-0000-000000000000
client_secret: \${env:DATABRICKS_CLIENT_SECRET}
# With a personal access token, instead of the two lines above:
# token: \${env:DATABRICKS_TOKEN}`,
    }),
  ],

  remedy({ type, columns }, source, account) {
    switch (type) {
      case 'credentials_invalid':
        return {
          text: account.credential?.client_id
            ? 'Generate a new secret on the page of the service principal, put it where the credential file looks for it, and run `cdi apply`. The service principal must be a member of the workspace, and `http_path` and `catalog` must be right.'
            : 'Tokens expire. Generate a new one under Settings, Developer, Access tokens, put it where the credential file looks for it, and run `cdi apply`. See that `http_path` and `catalog` are right, too.',
        };
      case 'permission_denied':
        return {
          text: `Let it read the table or view; on the SQL warehouse it needs Can use, under Permissions.${tokenNote(account)}`,
          sql: grants(source, account),
        };
      case 'table_missing':
        return {
          text: `Make the table, and let it be read. Where it is there, see that \`catalog\` of the credential is the right one.${tokenNote(account)}`,
          sql: `${makeTable(source, account)}\n${grants(source, account)}`,
        };
      case 'column_missing':
      case 'column_forbidden':
      case 'column_type':
        return columnRemedy(dialectFor(account), type, source, columns);
      case 'warehouse_busy':
        return {
          text:
            'Start the SQL warehouse. One that stops by itself starts with the next query, if whoever logs in has Can use on it; one ' +
            'that is full needs more clusters.',
          shell: `databricks warehouses start ${warehouseOf(account)}`,
        };
      case 'warehouse_unreachable':
        return allowList(account);
      default:
        return undefined;
    }
  },
};
