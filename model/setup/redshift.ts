/** Setting up Amazon Redshift. Source: the set-up page of Braze's CDI, section Redshift, and the Redshift manual. */
import type { RedshiftCredential } from '../credentials/redshift.ts';
import { definitionSteps } from './definition-steps.ts';
import { asRange, egressWords, isIpv6 } from './egress-words.ts';
import { PROPOSED_TABLES } from './proposed-tables.ts';
import type { Instruction, SetupAccount, SetupGuide, SetupSource } from './setup-guide.ts';
import { shellWord } from './shell-word.ts';
import { columnRemedy, createTable, type SqlDialect } from './sql-dialect.ts';

type Account = SetupAccount<RedshiftCredential>;

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

const userOf = ({ credential }: Account): string => quote(credential?.user ?? 'braze_cdi');

function dialectFor(account: Account): SqlDialect {
  const tableName = ({ schema }: SetupSource, table: string): string => `${quote(schema)}.${quote(table)}`;
  return {
    quote,
    tableName,
    columnCase: 'lower',
    types: {
      timestamp: 'timestamptz',
      // The longest external id has 987 bytes; varchar without a length would hold 256.
      identifier: 'varchar(1000)',
      payload: 'varchar(max)',
      deleted: 'boolean',
    },
    updatedAtRest: ' DEFAULT sysdate NOT NULL',
    createTable: 'CREATE TABLE IF NOT EXISTS',
    tableRest: '\nSORTKEY (updated_at)',
    addColumn: 'ADD COLUMN',
    grantSelect: (source, view) => `GRANT SELECT ON ${tableName(source, view)} TO ${userOf(account)};`,
  };
}

function grants(source: SetupSource, account: Account): string {
  return [
    `GRANT USAGE ON SCHEMA ${quote(source.schema)} TO ${userOf(account)};`,
    dialectFor(account).grantSelect(source, source.table),
  ].join('\n');
}

function makeTable(source: SetupSource, account: Account): string {
  return `CREATE SCHEMA IF NOT EXISTS ${quote(source.schema)};\n${createTable(dialectFor(account), source)}`;
}

/** Lets the addresses in by the security group. */
function allowList({ egress, credential }: Account): Instruction {
  if (credential?.ssh) {
    return {
      text:
        `The SSH host of the tunnel must take connections on port ${credential.ssh.port}, and its \`authorized_keys\` must let this key on to ` +
        `${endpointOf(credential)}. ${egressWords(egress)}`,
    };
  }
  const port = credential?.port ?? 5439;
  const rules = egress
    .filter((address) => !isIpv6(address))
    .map((address) => {
      const rule = `--protocol tcp --port ${port} --cidr ${asRange(address)}`;
      return `aws ec2 authorize-security-group-ingress --group-id SECURITY_GROUP ${rule}`;
    });
  return {
    text:
      `The security group of the cluster must let TCP connections to port ${port} in, each address by a rule of its own, and the ` +
      `cluster must be publicly accessible. ${egressWords(egress)}`,
    ...(rules.length > 0 ? { shell: rules.join('\n') } : {}),
  };
}

export const redshiftGuide: SetupGuide<RedshiftCredential> = {
  proposedSource: (dataType) => ({ dataType, schema: 'braze_cdi', table: PROPOSED_TABLES[dataType] }),

  steps: (source, account) => [
    {
      title: 'Make schema and table',
      text:
        'Any database will do, and a view is as good as a table; column names are matched without regard to case. ' +
        'Where a payload may be longer than 65,535 bytes, give it the type super.',
      sql: makeTable(source, account),
    },
    {
      title: 'Make the user, and let it read',
      text: 'It needs no right but these.',
      sql: [
        ...(account.credential
          ? []
          : [
              '-- 8 to 64 characters, with a capital letter, a small one and a digit',
              `CREATE USER ${userOf(account)} PASSWORD '<password>';`,
            ]),
        grants(source, account),
      ].join('\n'),
    },
    { title: 'Let the connections in', ...allowList(account) },
    ...(account.credential
      ? []
      : [
          {
            title: 'Only for a cluster that is not public: make a key for the SSH tunnel',
            text:
              'The command prints the line for `authorized_keys` of a user on a host that reaches the cluster, with the tunnel to ' +
              'the cluster as its only right. `ssh-keygen -lf` on that host prints the fingerprint of its host key. Both go into ' +
              'the credential file, under `ssh`.',
            shell:
              'cdi credential keygen ssh --out ssh_tunnel_key --to my-cluster.abc123.eu-west-1.redshift.amazonaws.com:5439',
          },
        ]),
    ...definitionSteps('redshift', source, account, {
      text: 'The endpoint is on the page of the cluster or workgroup in the AWS console, without port and database.',
      options: `
host: my-cluster.abc123.eu-west-1.redshift.amazonaws.com
port: 5439
database: analytics
user: braze_cdi
password: \${env:REDSHIFT_PASSWORD}
# For a cluster that is not public:
# ssh:
#   host: bastion.example.com
#   user: tunnel
#   private_key: \${file:ssh_tunnel_key}
#   host_key: SHA256:…`,
    }),
  ],

  remedy({ type, columns }, source, account) {
    switch (type) {
      case 'credentials_invalid':
        return credentialRemedy(account);
      case 'permission_denied':
        return { text: 'Let the user read the table or view.', sql: grants(source, account) };
      case 'table_missing':
        return {
          text: 'Make the table, and let the user read it. Where it has another name, correct the name instead.',
          sql: `${makeTable(source, account)}\n${grants(source, account)}`,
        };
      case 'column_missing':
      case 'column_forbidden':
      case 'column_type':
        return columnRemedy(dialectFor(account), type, source, columns);
      case 'warehouse_busy':
        return {
          text: 'A cluster that is paused has to be resumed. One that is busy takes no more connections for now: see who has them.',
          shell: resumeCluster(account),
          sql: [
            'SELECT user_name, COUNT(*) FROM stv_sessions GROUP BY user_name;',
            '-- where the user has a limit of its own',
            `ALTER USER ${userOf(account)} CONNECTION LIMIT UNLIMITED;`,
          ].join('\n'),
        };
      case 'warehouse_unreachable':
        return unreachableRemedy(account);
      default:
        return undefined;
    }
  },
};

function credentialRemedy(account: Account): Instruction {
  const { credential } = account;
  const ofTheTunnel =
    ' Where it was the SSH host that refused, make a new key, and put the line that the command prints into `authorized_keys` there.';
  return {
    text:
      'Give the user a new password, put it where the credential file looks for it, and run `cdi apply`. Redshift answers ' +
      `the same where the user or the database does not exist.${credential?.ssh ? ofTheTunnel : ''}`,
    sql: `ALTER USER ${userOf(account)} PASSWORD '<password>';`,
    ...(credential?.ssh
      ? {
          shell: `cdi credential keygen ssh --out ssh_tunnel_key_2 --to ${shellWord(endpointOf(credential))}`,
        }
      : {}),
  };
}

const endpointOf = ({ host, port }: RedshiftCredential): string => `${host}:${port}`;

function unreachableRemedy(account: Account): Instruction {
  const { text, shell } = allowList(account);
  return {
    text: `A cluster that is paused takes no connections until it is resumed. ${text}`,
    shell: [resumeCluster(account), shell].filter((part) => part !== undefined).join('\n'),
  };
}

const resumeCluster = (account: Account): string =>
  `aws redshift resume-cluster --cluster-identifier ${clusterOf(account)}`;

/** The endpoint of a cluster begins with its identifier. */
function clusterOf({ credential }: Account): string {
  const [, cluster] = /^([^.]+)\.[^.]+\.[^.]+\.redshift\.amazonaws\.com/.exec(credential?.host ?? '') ?? [];
  return shellWord(cluster ?? 'CLUSTER');
}
