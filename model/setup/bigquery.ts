/** Setting up BigQuery. Source: the set-up page of Braze's CDI, section BigQuery, and the SQL reference of BigQuery. */
import type { BigqueryCredential } from '../credentials/bigquery.ts';
import { definitionSteps } from './definition-steps.ts';
import { asRange, egressWords } from './egress-words.ts';
import { PROPOSED_TABLES } from './proposed-tables.ts';
import type { Instruction, SetupAccount, SetupGuide, SetupSource } from './setup-guide.ts';
import { shellWord } from './shell-word.ts';
import { columnRemedy, createTable, type SqlDialect } from './sql-dialect.ts';

type Account = SetupAccount<BigqueryCredential>;

const KEY_FILE = 'bigquery_key.json';
/** On the project; the fourth role, Data Viewer, is granted where the data are. */
const PROJECT_ROLES = ['roles/bigquery.user', 'roles/bigquery.jobUser', 'roles/bigquery.connectionUser'];

/** Names in backticks know the escapes of texts. */
const quote = (name: string): string =>
  `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`').replaceAll('\n', '\\n').replaceAll('\r', '\\r')}\``;

const projectOf = ({ credential }: Account): string => credential?.project ?? 'my-project';

const serviceAccountOf = (account: Account): string =>
  account.principal ?? `braze-cdi@${projectOf(account)}.iam.gserviceaccount.com`;

function grant(account: Account, on: string): string {
  return `GRANT \`roles/bigquery.dataViewer\` ON ${on} TO ${JSON.stringify(`serviceAccount:${serviceAccountOf(account)}`)};`;
}

const datasetOf = (account: Account, schema: string): string =>
  `${quote(projectOf(account))}.${quote(schema)}`;

function dialectFor(account: Account): SqlDialect {
  const tableName = ({ schema }: SetupSource, table: string): string =>
    `${datasetOf(account, schema)}.${quote(table)}`;
  return {
    quote,
    tableName,
    columnCase: 'lower',
    types: { timestamp: 'TIMESTAMP', identifier: 'STRING', payload: 'JSON', deleted: 'BOOLEAN' },
    updatedAtRest: ' DEFAULT CURRENT_TIMESTAMP() NOT NULL',
    createTable: 'CREATE TABLE IF NOT EXISTS',
    tableRest:
      '\n-- by UPDATED_AT alone, and never with a required partition filter\nPARTITION BY TIMESTAMP_TRUNC(updated_at, DAY)',
    addColumn: 'ADD COLUMN',
    grantSelect: (source, view) => grant(account, `VIEW ${tableName(source, view)}`),
  };
}

function makeTable(source: SetupSource, account: Account): string {
  const location = account.credential?.location ?? 'US';
  return [
    `CREATE SCHEMA IF NOT EXISTS ${datasetOf(account, source.schema)} OPTIONS (location = ${JSON.stringify(location)});`,
    createTable(dialectFor(account), source),
  ].join('\n');
}

const datasetGrant = (source: SetupSource, account: Account): string =>
  grant(account, `SCHEMA ${datasetOf(account, source.schema)}`);

function projectGrants(account: Account): string {
  const [project, member] = [projectOf(account), `serviceAccount:${serviceAccountOf(account)}`].map(
    shellWord,
  );
  return PROJECT_ROLES.map(
    (role) =>
      `gcloud projects add-iam-policy-binding ${project} --member ${member} --role ${role} --condition None`,
  ).join('\n');
}

const makeKey = (account: Account): string =>
  `gcloud iam service-accounts keys create ${KEY_FILE} --iam-account ${shellWord(serviceAccountOf(account))}`;

function allowList({ egress }: Account): Instruction {
  const ranges = egress.length > 0 ? ` As ranges: ${egress.map(asRange).join(', ')}.` : '';
  return {
    text: `Only where VPC Service Controls guard the project: let the addresses in by an access level of the perimeter. ${egressWords(egress)}${ranges}`,
  };
}

export const bigqueryGuide: SetupGuide<BigqueryCredential> = {
  proposedSource: (dataType) => ({ dataType, schema: 'braze_cdi', table: PROPOSED_TABLES[dataType] }),

  principal({ service_account_key: key = '' }) {
    try {
      const parsed: unknown = JSON.parse(key);
      const email: unknown =
        typeof parsed === 'object' && parsed !== null ? Reflect.get(parsed, 'client_email') : undefined;
      return typeof email === 'string' ? email : undefined;
    } catch {
      return undefined;
    }
  },

  steps: (source, account) => [
    {
      title: 'Make dataset and table',
      text: 'Any project and dataset will do, and a view is as good as a table; column names are matched without regard to case.',
      sql: makeTable(source, account),
    },
    {
      title: 'Make the service account, with its roles on the project',
      text:
        'BigQuery User, Job User and Connection User let it run queries and read what datasets and tables there are. The BigQuery ' +
        'API has to be switched on.',
      shell: [
        `gcloud services enable bigquery.googleapis.com --project ${shellWord(projectOf(account))}`,
        ...(account.credential
          ? []
          : [`gcloud iam service-accounts create braze-cdi --project ${shellWord(projectOf(account))}`]),
        projectGrants(account),
      ].join('\n'),
    },
    {
      title: 'Let it read the dataset',
      text: 'The role BigQuery Data Viewer, on the dataset alone. Where the table is a view on another dataset, grant it there too.',
      sql: datasetGrant(source, account),
    },
    ...(account.credential
      ? []
      : [
          {
            title: 'Make its key file',
            text: 'Anybody who has the file can log in: keep it where only `cdi apply` reads it.',
            shell: `(umask 077; ${makeKey(account)})`,
          },
        ]),
    { title: 'Let the connections in', ...allowList(account) },
    ...definitionSteps('bigquery', source, account, {
      text: 'Queries run in the project, and are billed there. `location` is that of the dataset.',
      options: `
project: my-project
location: US
service_account_key: \${file:${KEY_FILE}}`,
    }),
  ],

  remedy({ type, columns }, source, account) {
    switch (type) {
      case 'credentials_invalid':
        return {
          text:
            'Make a new key file, name it in the credential file and run `cdi apply`. A signature is refused too where the key or ' +
            'the service account was deleted, the BigQuery API is switched off, or the clock of the worker is wrong.',
          shell: `(umask 077; ${makeKey(account)})`,
        };
      case 'permission_denied':
        return {
          text: 'Let the service account run queries in the project, and read the dataset.',
          shell: projectGrants(account),
          sql: datasetGrant(source, account),
        };
      case 'table_missing':
        return {
          text:
            'Make the table, and let the service account read it. Where it is there, see that `project` and `location` of the ' +
            'credential are those of the dataset.',
          sql: `${makeTable(source, account)}\n${datasetGrant(source, account)}`,
        };
      case 'column_missing':
      case 'column_forbidden':
      case 'column_type':
        return columnRemedy(dialectFor(account), type, source, columns);
      case 'warehouse_busy':
        return {
          text:
            'A quota is used up: it is renewed by itself, or raised under IAM & Admin, Quotas. With reservations, give the project ' +
            'more slots. A project without billing has to be linked to a billing account.',
        };
      case 'warehouse_unreachable':
        return allowList(account);
      default:
        return undefined;
    }
  },
};
