/** `cdi credential keygen`: key pairs for a credential. The private key goes into a file, and nowhere else. */
import { snowflakeName } from '../../model/setup/snowflake.ts';
import { CommandError, EXIT } from '../command-error.ts';
import { makeSnowflakeKey } from '../keys/snowflake-key.ts';
import {
  authorizedKeysLine,
  makeEd25519Key,
  makeRsaKey,
  SSH_ALGORITHMS,
  type SshAlgorithm,
} from '../keys/ssh-key.ts';
import { writeKeyFile } from '../keys/write-key-file.ts';
import type { Output } from '../output/output.ts';

type Environment = Readonly<Record<string, string | undefined>>;

interface KeyOptions {
  readonly out: string;
  /** Variable that holds the passphrase. */
  readonly passphraseEnv?: string;
}

export interface SnowflakeKeyOptions extends KeyOptions {
  readonly user: string;
  readonly rotate: boolean;
}

/** @throws CommandError `usage` where the file is there, or the variable is not */
export async function generateSnowflakeKey(
  output: Output,
  options: SnowflakeKeyOptions,
  env: Environment,
): Promise<void> {
  const { privateKey, publicKey, fingerprint } = makeSnowflakeKey(passphraseOf(options, env));
  await writeKeyFile(options.out, privateKey);
  const set = (slot: 'RSA_PUBLIC_KEY' | 'RSA_PUBLIC_KEY_2'): string =>
    `ALTER USER ${snowflakeName(options.user)} SET ${slot}='${publicKey}';`;
  const statement = set(options.rotate ? 'RSA_PUBLIC_KEY_2' : 'RSA_PUBLIC_KEY');
  const unset = `ALTER USER ${snowflakeName(options.user)} UNSET RSA_PUBLIC_KEY_2;`;
  if (output.json) {
    output.print(
      JSON.stringify({
        file: options.out,
        publicKey,
        fingerprint,
        statements: options.rotate ? [statement, set('RSA_PUBLIC_KEY'), unset] : [statement],
      }),
    );
    return;
  }
  output.say(`Private key written to ${options.out}; the public one is ${fingerprint}.`);
  const file = `\${file:${options.out}}`;
  if (!options.rotate) {
    output.say(`Run this as SECURITYADMIN, and write \`private_key: ${file}\` in the credential file.\n`);
    output.print(statement);
    return;
  }
  output.print(
    [
      '-- 1. Give the user a second key, as SECURITYADMIN. The first one stays valid.',
      statement,
      '',
      `-- 2. In the credential file, write beside private_key: private_key_2: ${file}`,
      '--    Run `cdi apply DIR`, then `cdi credential test NAME`. The new key is tried first.',
      '',
      `-- 3. In the credential file, write private_key: ${file}`,
      '--    Remove private_key_2, run `cdi apply DIR`, then `cdi credential test NAME`.',
      '',
      '-- 4. The new key takes the place of the first one, and the second place is free for the next rotation.',
      set('RSA_PUBLIC_KEY'),
      unset,
      '',
      '-- 5. Remove the file of the old private key.',
    ].join('\n'),
  );
}

export interface SshKeyOptions extends KeyOptions {
  readonly algorithm: string;
  /** Far end of the tunnel. */
  readonly to?: string;
}

const PLACEHOLDER = 'CLUSTER:5439';

/** @throws CommandError `usage` where the file is there, the variable is not, or an option is wrong */
export async function generateSshKey(
  output: Output,
  options: SshKeyOptions,
  env: Environment,
): Promise<void> {
  const algorithm = algorithmOf(options.algorithm);
  const to = targetOf(options.to);
  const passphrase = passphraseOf(options, env);
  if (algorithm === 'ed25519' && passphrase !== undefined)
    throw new CommandError(EXIT.usage, 'A key with a passphrase is made with `--algorithm rsa`.');
  const key = algorithm === 'rsa' ? makeRsaKey(passphrase) : makeEd25519Key();
  await writeKeyFile(options.out, key.privateKey);
  const line = authorizedKeysLine(key, to);
  if (output.json) {
    output.print(JSON.stringify({ file: options.out, publicKey: key.publicKey, authorizedKeys: line }));
    return;
  }
  output.say(
    `Private key written to ${options.out}: write \`private_key: \${file:${options.out}}\` under \`ssh\`.`,
  );
  if (to === PLACEHOLDER)
    output.say('Put the endpoint of the cluster in the place of CLUSTER, or name it with `--to HOST:PORT`.');
  output.say('Add this line to ~/.ssh/authorized_keys of the user of the tunnel:\n');
  output.print(line);
}

function algorithmOf(written: string): SshAlgorithm {
  const found = SSH_ALGORITHMS.find((algorithm) => algorithm === written);
  if (found) return found;
  throw new CommandError(EXIT.usage, `--algorithm: use ${SSH_ALGORITHMS.join(' or ')}.`);
}

function targetOf(to: string | undefined): string {
  if (to === undefined) return PLACEHOLDER;
  if (/^[A-Za-z0-9._-]+:\d{1,5}$|^\[[0-9A-Fa-f:]+\]:\d{1,5}$/.test(to)) return to;
  throw new CommandError(EXIT.usage, '--to: write the endpoint of the cluster as HOST:PORT.');
}

function passphraseOf({ passphraseEnv: name }: KeyOptions, env: Environment): string | undefined {
  if (name === undefined) return undefined;
  const passphrase = env[name];
  if (passphrase) return passphrase;
  throw new CommandError(EXIT.usage, `The environment variable ${name} is not set, or empty.`);
}
