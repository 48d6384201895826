/** Setting up Microsoft Fabric. Source: the set-up page of Braze's CDI, section Fabric, and the T-SQL reference of Fabric. */
import type { FabricCredential } from '../credentials/fabric.ts';
import { definitionSteps } from './definition-steps.ts';
import { asRange, egressWords } from './egress-words.ts';
import { PROPOSED_TABLES } from './proposed-tables.ts';
import type { Instruction, SetupAccount, SetupGuide, SetupSource, SetupStep } from './setup-guide.ts';
import { shellWord } from './shell-word.ts';
import { columnRemedy, createTable, type SqlDialect } from './sql-dialect.ts';

type Account = SetupAccount<FabricCredential>;

const quote = (name: string): string => `[${name.replaceAll(']', ']]')}]`;
const text = (value: string): string => `'${value.replaceAll("'", "''")}'`;

/** Grants name the app registration as it is called, which its ids do not tell. */
const APP = quote('braze-cdi');
const APP_NOTE = ' `[braze-cdi]` stands for the name of the app registration.';

const tableName = ({ schema }: SetupSource, table: string): string => `${quote(schema)}.${quote(table)}`;
const grantSelect = (source: SetupSource, table: string): string =>
  `GRANT SELECT ON OBJECT::${tableName(source, table)} TO ${APP};`;

const DIALECT: SqlDialect = {
  quote,
  tableName,
  columnCase: 'upper',
  types: {
    timestamp: 'DATETIME2(6)',
    // The longest external id has 987 bytes; VARCHAR without a length would hold one.
    identifier: 'VARCHAR(1000)',
    payload: 'VARCHAR(MAX)',
    deleted: 'BIT',
  },
  // Fabric has no defaults.
  updatedAtRest: ' NOT NULL',
  createTable: 'CREATE TABLE',
  tableRest: '',
  addColumn: 'ADD',
  // CREATE VIEW has to be the only statement of its batch.
  viewStatement: (createView) => `EXEC (${text(createView)});`,
  grantSelect,
};

function makeTable(source: SetupSource): string {
  const { schema } = source;
  return [
    `IF SCHEMA_ID(${text(schema)}) IS NULL EXEC (${text(`CREATE SCHEMA ${quote(schema)}`)});`,
    createTable(DIALECT, source),
  ].join('\n');
}

function allowList({ egress }: Account): Instruction {
  const ranges = egress.length > 0 ? ` As ranges: ${egress.map(asRange).join(', ')}.` : '';
  return {
    text: `Only where a Conditional Access policy of Entra, or a firewall, looks at addresses: let these in. Port 1433 must be open on the way out. ${egressWords(egress)}${ranges}`,
  };
}

const LOGIN_STEPS: readonly SetupStep[] = [
  {
    title: 'Register an app in Entra',
    text:
      'Microsoft Entra admin center, App registrations, New registration: name it braze-cdi, for accounts in this organizational ' +
      'directory only. Its overview shows the directory (tenant) id and the application (client) id.',
  },
  {
    title: 'Make its client secret',
    text:
      'On the page of the app: Certificates & secrets, New client secret. Its value is shown once. It expires, after two years at ' +
      'most: note the day, and make the next one before it.',
  },
  {
    title: 'Let apps use Fabric',
    text:
      'Fabric, Settings, Admin portal, Tenant settings: under Developer settings, switch on "Service principals can use Fabric ' +
      'APIs"; under OneLake settings, "Users can access data stored in OneLake with apps external to Fabric".',
  },
  {
    title: 'Give the app a role in the workspace',
    text:
      'The warehouse has to be in a shared workspace, not in My workspace. There: Manage access, Add people or groups, the app, ' +
      'with the role Viewer, which reads all its warehouses. Contributor, which the set-up page of Braze names, works as well, and may write.',
  },
];

export const fabricGuide: SetupGuide<FabricCredential> = {
  proposedSource: (dataType) => ({ dataType, schema: 'braze_cdi', table: PROPOSED_TABLES[dataType] }),

  steps: (source, account) => [
    ...(account.credential ? [] : LOGIN_STEPS),
    {
      title: 'Make schema and table',
      text:
        'In a query on the warehouse; a new one is made with Create, Warehouse. A view is as good as a table; column names are matched ' +
        'without regard to case. UPDATED_AT has to be set by whoever writes, in UTC: SYSUTCDATETIME(). Where no payload is longer than ' +
        '8,000 bytes, VARCHAR(8000) is read faster.',
      sql: makeTable(source),
    },
    {
      title: 'Let the app read this table alone',
      text: `Only where the app has no role in the workspace: share the warehouse with it first, without any of the permissions on offer.${APP_NOTE}`,
      sql: grantSelect(source, source.table),
    },
    { title: 'Let the connections in', ...allowList(account) },
    ...definitionSteps('fabric', source, account, {
      text: 'In the list of items of the workspace, the menu of the warehouse has "Copy SQL connection string": that is `server`.',
      options: `
server: abcdefghijkl.datawarehouse.fabric.microsoft.com
database: analytics
tenant_id: 00000000-0000-0000-0000-000000000000
client_id: 00000000-0000-0000-0000-000000000000
client_secret: \${env:FABRIC_CLIENT_SECRET}`,
    }),
  ],

  remedy({ type, columns }, source, account) {
    switch (type) {
      case 'credentials_invalid':
        return {
          text:
            'Client secrets expire. Make a new one, put it where the credential file looks for it, and run `cdi apply`. Where it is ' +
            'new, see that `tenant_id` and `client_id` are those of the app and `database` is the name of the warehouse, that the app has a role in the workspace, and that the ' +
            'tenant lets service principals use Fabric APIs.',
          shell: `az ad app credential reset --id ${shellWord(account.credential?.client_id ?? 'CLIENT_ID')} --append`,
        };
      case 'permission_denied':
        return {
          text: `Let the app read the table or view; or give it the role Viewer in the workspace.${APP_NOTE}`,
          sql: grantSelect(source, source.table),
        };
      case 'table_missing':
        return {
          text: `Make the table. Where it is there, see that \`database\` of the credential is the right one, and that the app may see the table.${APP_NOTE}`,
          sql: `${makeTable(source)}\n${grantSelect(source, source.table)}`,
        };
      case 'column_missing':
      case 'column_forbidden':
      case 'column_type':
        return columnRemedy(DIALECT, type, source, columns);
      case 'warehouse_busy':
        return {
          text:
            'A capacity that is paused has to be resumed; one beyond its limits recovers by itself, or is given more units in the Azure ' +
            'portal.',
          shell: 'az fabric capacity resume --resource-group RESOURCE_GROUP --capacity-name CAPACITY',
        };
      case 'warehouse_unreachable':
        return allowList(account);
      default:
        return undefined;
    }
  },
};
