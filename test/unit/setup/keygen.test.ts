/** Key pairs: that the drivers which are to use them can read them, and that nothing is ever written over. */
import { createHash, createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CommandError } from '../../../client/command-error.ts';
import { generateSnowflakeKey, generateSshKey } from '../../../client/commands/keygen.ts';
import type { Output } from '../../../client/output/output.ts';

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cdi-keygen-'));
  file = join(folder, 'key');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Printed extends Output {
  readonly printed: string[];
}

function recorder(json = false): Printed {
  const printed: string[] = [];
  return {
    json,
    interactive: false,
    printed,
    print: (text) => void printed.push(text),
    say: () => undefined,
    progress: () => undefined,
  };
}

async function snowflake(
  options: { passphraseEnv?: string; user?: string; rotate?: boolean } = {},
  env: Record<string, string> = {},
): Promise<{ text: string; key: string }> {
  const output = recorder();
  await generateSnowflakeKey(output, { out: file, user: 'BRAZE_CDI_USER', rotate: false, ...options }, env);
  return { text: output.printed.join('\n'), key: await readFile(file, 'utf8') };
}

const publicKeyIn = (statement: string): KeyObject => {
  const [, body = ''] = /RSA_PUBLIC_KEY(?:_2)?='([A-Za-z0-9+/=]+)'/.exec(statement) ?? [];
  return createPublicKey({ key: Buffer.from(body, 'base64'), type: 'spki', format: 'der' });
};

function belongTogether(privateKey: KeyObject, publicKey: KeyObject): boolean {
  const message = Buffer.from('whatever');
  return verify('sha256', message, publicKey, sign('sha256', message, privateKey));
}

describe('a key pair for Snowflake', () => {
  test('is RSA of 2048 bits in PKCS #8, and the statement holds its other half', async () => {
    const { text, key } = await snowflake();
    expect(key).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    expect(text).toMatch(/^ALTER USER "BRAZE_CDI_USER" SET RSA_PUBLIC_KEY='MIIBI[A-Za-z0-9+/=]+';$/);
    const privateKey = createPrivateKey(key);
    expect(privateKey.asymmetricKeyDetails).toMatchObject({ modulusLength: 2_048 });
    expect(belongTogether(privateKey, publicKeyIn(text))).toBe(true);
    expect(text).not.toContain('PRIVATE');
  });

  test('is readable by its owner alone', async () => {
    await snowflake();
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  test('may have a passphrase, without which it cannot be read', async () => {
    const { key, text } = await snowflake({ passphraseEnv: 'SECRET' }, { SECRET: 'open sesame' });
    expect(key).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/);
    expect(() => createPrivateKey(key)).toThrow();
    expect(belongTogether(createPrivateKey({ key, passphrase: 'open sesame' }), publicKeyIn(text))).toBe(
      true,
    );
  });

  test.each([undefined, ''])('is not made without the passphrase that was asked for (%j)', async (value) => {
    const made = snowflake({ passphraseEnv: 'SECRET' }, value === undefined ? {} : { SECRET: value });
    await expect(made).rejects.toThrow('The environment variable SECRET is not set, or empty.');
    await expect(stat(file)).rejects.toThrow();
  });

  test('names the user as Snowflake keeps it', async () => {
    expect((await snowflake({ user: 'reader' })).text).toContain('ALTER USER "READER" SET');
    await rm(file);
    expect((await snowflake({ user: '"reader"' })).text).toContain('ALTER USER "reader" SET');
    await rm(file);
    expect((await snowflake({ user: 'odd "one"' })).text).toContain('ALTER USER "odd ""one""" SET');
  });

  test('for a rotation comes with its steps in order', async () => {
    const { text, key } = await snowflake({ rotate: true });
    const steps = [
      'SET RSA_PUBLIC_KEY_2=',
      `private_key_2: \${file:${file}}`,
      '`cdi apply DIR`',
      '`cdi credential test NAME`',
      `private_key: \${file:${file}}`,
      'SET RSA_PUBLIC_KEY=',
      'UNSET RSA_PUBLIC_KEY_2;',
    ].map((step) => text.indexOf(step));
    expect(steps.every((at) => at >= 0)).toBe(true);
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));
    expect(belongTogether(createPrivateKey(key), publicKeyIn(text))).toBe(true);
    const statements = text.split('\n').filter((line) => line !== '' && !line.startsWith('--'));
    expect(statements).toHaveLength(3);
  });

  test('tells scripts everything but the private key', async () => {
    const output = recorder(true);
    await generateSnowflakeKey(output, { out: file, user: 'U', rotate: true }, {});
    const told = JSON.parse(output.printed.join('')) as {
      publicKey: string;
      fingerprint: string;
      statements: string[];
    };
    const hash = createHash('sha256').update(Buffer.from(told.publicKey, 'base64')).digest('base64');
    expect(told).toMatchObject({ file, fingerprint: `SHA256:${hash}` });
    expect(told.statements.map((text) => text.replace(/'.*'/, ''))).toEqual([
      'ALTER USER "U" SET RSA_PUBLIC_KEY_2=;',
      'ALTER USER "U" SET RSA_PUBLIC_KEY=;',
      'ALTER USER "U" UNSET RSA_PUBLIC_KEY_2;',
    ]);
    expect(output.printed.join('')).not.toContain('PRIVATE');
  });
});

describe('a key pair for the SSH tunnel', () => {
  async function ssh(
    options: { algorithm?: string; to?: string; passphraseEnv?: string } = {},
    env: Record<string, string> = {},
  ): Promise<{ line: string; key: string }> {
    const output = recorder();
    await generateSshKey(output, { out: file, algorithm: 'ed25519', ...options }, env);
    return { line: output.printed.join('\n'), key: await readFile(file, 'utf8') };
  }

  /** What ssh2, which opens the tunnel, makes of a key. */
  function parsed(key: string, passphrase?: string): ssh2.ParsedKey {
    const result = ssh2.utils.parseKey(key, passphrase);
    if (result instanceof Error) throw result;
    if (Array.isArray(result)) throw new Error('The file holds several keys.');
    return result;
  }

  function pairs(privateKey: ssh2.ParsedKey, line: string): boolean {
    const [, publicKey = ''] =
      /^restrict,port-forwarding,permitopen="[^"]+" (ssh-\S+ \S+) braze-cdi$/.exec(line) ?? [];
    const signature = privateKey.sign(Buffer.from('whatever'));
    if (signature instanceof Error) throw signature;
    return parsed(publicKey).verify(Buffer.from('whatever'), signature);
  }

  test('is ed25519 as OpenSSH writes it, and may do nothing but open the tunnel', async () => {
    const { line, key } = await ssh({ to: 'shop.abc.eu-west-1.redshift.amazonaws.com:5439' });
    expect(line).toMatch(
      /^restrict,port-forwarding,permitopen="shop\.abc\.eu-west-1\.redshift\.amazonaws\.com:5439" ssh-ed25519 AAAA\S+ braze-cdi$/,
    );
    expect(key).toMatch(/^-----BEGIN OPENSSH PRIVATE KEY-----\n/);
    const privateKey = parsed(key);
    expect(privateKey).toMatchObject({ type: 'ssh-ed25519', comment: 'braze-cdi' });
    expect(privateKey.isPrivateKey()).toBe(true);
    expect(pairs(privateKey, line)).toBe(true);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  test('is read the same with and without the line break at its end, which a reference to it leaves out', async () => {
    const { key } = await ssh();
    expect(parsed(key.trimEnd()).getPublicSSH()).toEqual(parsed(key).getPublicSSH());
  });

  test('says where the cluster is to be named', async () => {
    expect((await ssh()).line).toContain('permitopen="CLUSTER:5439"');
  });

  test('is RSA of 3072 bits where that is wanted, with a passphrase or without', async () => {
    const plain = await ssh({ algorithm: 'rsa' });
    expect(createPrivateKey(plain.key).asymmetricKeyDetails).toMatchObject({ modulusLength: 3_072 });
    expect(pairs(parsed(plain.key), plain.line)).toBe(true);
    await rm(file);
    const locked = await ssh({ algorithm: 'rsa', passphraseEnv: 'SECRET' }, { SECRET: 'open sesame' });
    expect(() => parsed(locked.key)).toThrow();
    expect(pairs(parsed(locked.key, 'open sesame'), locked.line)).toBe(true);
  });

  test.each([
    [{ algorithm: 'dsa' }, '--algorithm: use ed25519 or rsa.'],
    [{ to: 'cluster' }, '--to: write the endpoint of the cluster as HOST:PORT.'],
    [{ to: 'cluster:5439",command="sh' }, '--to: write the endpoint of the cluster as HOST:PORT.'],
    [{ passphraseEnv: 'SECRET' }, 'A key with a passphrase is made with `--algorithm rsa`.'],
  ])('is not made with %j', async (options, message) => {
    await expect(ssh(options, { SECRET: 'x' })).rejects.toThrow(message);
    await expect(stat(file)).rejects.toThrow();
  });

  test('tells scripts the line', async () => {
    const output = recorder(true);
    await generateSshKey(output, { out: file, algorithm: 'ed25519', to: 'h:1' }, {});
    expect(JSON.parse(output.printed.join(''))).toMatchObject({
      file,
      authorizedKeys: expect.stringContaining('permitopen="h:1" ssh-ed25519 ') as string,
    });
  });
});

describe('the file', () => {
  test('is never written over', async () => {
    await writeFile(file, 'precious');
    for (const made of [snowflake(), generateSshKey(recorder(), { out: file, algorithm: 'ed25519' }, {})]) {
      await expect(made).rejects.toThrow(CommandError);
      await expect(made).rejects.toMatchObject({
        exitCode: 2,
        message: `${file} is there already, and is not written over. Choose another name.`,
      });
    }
    expect(await readFile(file, 'utf8')).toBe('precious');
  });

  test('needs a folder', async () => {
    const out = join(folder, 'nowhere', 'key');
    await expect(generateSshKey(recorder(), { out, algorithm: 'ed25519' }, {})).rejects.toThrow(
      `${out} cannot be written (ENOENT).`,
    );
  });
});
