/** The commands about warehouses and the ways to log in to them: `cdi setup` and `cdi credential`. */
import type { Command } from 'commander';
import type { Output } from './output/output.ts';
import { list, watermarkAnswers } from './repeated-options.ts';
import type { Session } from './session.ts';

export interface CommandSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly output: () => Output;
  /** Runs a command with a session that is closed whatever happens. */
  readonly inSession: (work: (session: Session, output: Output) => Promise<void>) => Promise<void>;
}

export function addWarehouseCommands(program: Command, surroundings: CommandSurroundings): void {
  addSetup(program, surroundings);
  const credential = program.command('credential').description('connections to warehouse accounts');
  addCredential(credential, surroundings);
  addKeygen(credential, surroundings);
}

interface SetupArguments {
  readonly type: string;
  readonly schema?: string;
  readonly table?: string;
  readonly credential?: string;
  readonly egress: string[];
  readonly sql: boolean;
  readonly check: boolean;
}

function addSetup(program: Command, { env, output, inSession }: CommandSurroundings): void {
  program
    .command('setup')
    .description('what has to be done in a warehouse before a sync can run, and what of it is still missing')
    .argument('<warehouse>', 'snowflake, redshift, bigquery, databricks or fabric')
    .requiredOption('--type <type>', 'data type: attributes, events, purchases, user_deletes or catalog')
    .option('--schema <name>', 'schema (at BigQuery: dataset), as the warehouse spells it')
    .option('--table <name>', 'table or view, as the warehouse spells it')
    .option('--credential <name>', 'a credential that is declared: its names are filled in')
    .option(
      '--egress <address>',
      'address from which this installation reaches out; may be repeated; default: CDI_EGRESS_ADDRESSES',
      list,
      [],
    )
    .option('--sql', 'only the statements', false)
    .option('--check', 'test the account and the table, and say what is still missing', false)
    .action(async (warehouse: string, options: SetupArguments) => {
      const { declaredAccount, parseSetup, showSetup, undeclaredAccount } =
        await import('./commands/setup.ts');
      const request = parseSetup(warehouse, options);
      const { credential: name } = options;
      if (name === undefined) {
        const { egressSetting } = await import('./settings.ts');
        const account = undeclaredAccount(options.egress, egressSetting(env));
        showSetup(output(), request, account, options);
        return;
      }
      await inSession(async (session, output) => {
        const account = await declaredAccount(session, name, request.warehouse, options.egress);
        if (!options.check) {
          showSetup(output, request, account, options);
          return;
        }
        const { checkSetup } = await import('./commands/check-setup.ts');
        await checkSetup(session, output, request.source, account);
      });
    });
}

function addCredential(credential: Command, { env, inSession }: CommandSurroundings): void {
  credential
    .command('add')
    .description('add or change one credential from its file')
    .argument('<file>', 'YAML file of the credential')
    .option(...watermarkAnswers, list, [])
    .action((file: string, options: { watermark: string[] }) =>
      inSession(async (session, output) => {
        const { addCredential } = await import('./commands/apply.ts');
        await addCredential(session, output, file, { ...options, env });
      }),
    );

  credential
    .command('list')
    .description('the credentials there are; secrets are never shown')
    .action(() =>
      inSession(async (session, output) => {
        const { listCredentials } = await import('./commands/credential.ts');
        await listCredentials(session, output);
      }),
    );

  credential
    .command('test')
    .description('connect with a credential')
    .argument('<name>')
    .action((name: string) =>
      inSession(async (session, output) => {
        const { testOneCredential } = await import('./commands/credential.ts');
        await testOneCredential(session, output, name);
      }),
    );

  credential
    .command('delete')
    .description('delete a credential that no sync uses')
    .argument('<name>')
    .option('--yes', 'do not ask', false)
    .action((name: string, options: { yes: boolean }) =>
      inSession(async (session, output) => {
        const { deleteCredential } = await import('./commands/credential.ts');
        await deleteCredential(session, output, name, options.yes);
      }),
    );
}

function addKeygen(credential: Command, { env, output }: CommandSurroundings): void {
  const keygen = credential
    .command('keygen')
    .description('make a key pair; the private key goes into a file, and nowhere else');
  const keyFile = ['--out <file>', 'file of the private key; one that is there is not written over'] as const;
  const passphrase = [
    '--passphrase-env <name>',
    'encrypt the file with the passphrase in this variable',
  ] as const;

  keygen
    .command('snowflake')
    .description('for a user of Snowflake; prints the statement with the public key')
    .requiredOption(...keyFile)
    .option(...passphrase)
    .option('--user <name>', 'the user', 'BRAZE_CDI_USER')
    .option('--rotate', 'a second key, with the steps of a rotation', false)
    .action(async (options: { out: string; passphraseEnv?: string; user: string; rotate: boolean }) => {
      const { generateSnowflakeKey } = await import('./commands/keygen.ts');
      await generateSnowflakeKey(output(), options, env);
    });

  keygen
    .command('ssh')
    .description('for the SSH tunnel to a Redshift cluster; prints the line for authorized_keys')
    .requiredOption(...keyFile)
    .option(...passphrase)
    .option('--algorithm <name>', 'ed25519 or rsa', 'ed25519')
    .option('--to <host:port>', 'endpoint of the cluster: the only place that the tunnel may lead to')
    .action(async (options: { out: string; passphraseEnv?: string; algorithm: string; to?: string }) => {
      const { generateSshKey } = await import('./commands/keygen.ts');
      await generateSshKey(output(), options, env);
    });
}
