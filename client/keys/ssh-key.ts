/** Key pairs for an SSH tunnel. Source: PROTOCOL.key and PROTOCOL of OpenSSH, RFC 8709 and RFC 4253. */
import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';

export const SSH_ALGORITHMS = ['ed25519', 'rsa'] as const;
export type SshAlgorithm = (typeof SSH_ALGORITHMS)[number];

export interface SshKey {
  /** OpenSSH's own form of an ed25519 key; the PEM form of an RSA key. */
  readonly privateKey: string;
  /** Algorithm and key, as a line of `authorized_keys` ends. */
  readonly publicKey: string;
}

const COMMENT = 'braze-cdi';

export function makeEd25519Key(): SshKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const { d: seed = '' } = privateKey.export({ format: 'jwk' });
  const point = bytesOf(publicKey, 'x');
  const blob = joined(text('ssh-ed25519'), text(point));
  return {
    privateKey: openSshPem(
      blob,
      joined(text('ssh-ed25519'), text(point), text(joined(fromBase64(seed), point))),
    ),
    publicKey: `ssh-ed25519 ${blob.toString('base64')} ${COMMENT}`,
  };
}

const RSA_BITS = 3_072;

/** @param passphrase encrypts the private key; undefined leaves it in clear */
export function makeRsaKey(passphrase: string | undefined): SshKey {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: RSA_BITS });
  const lock = passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase };
  const blob = joined(
    text('ssh-rsa'),
    text(positive(bytesOf(publicKey, 'e'))),
    text(positive(bytesOf(publicKey, 'n'))),
  );
  return {
    privateKey: privateKey.export({ type: 'pkcs1', format: 'pem', ...lock }).toString(),
    publicKey: `ssh-rsa ${blob.toString('base64')} ${COMMENT}`,
  };
}

/** The line that lets the key do nothing but open a tunnel. @param to `host:port` of the tunnel's far end */
export function authorizedKeysLine({ publicKey }: SshKey, to: string): string {
  return `restrict,port-forwarding,permitopen="${to}" ${publicKey}`;
}

const BLOCK = 8;
const LINE = 70;

/** @param blob the public key @param secret the private key, as its algorithm writes it */
function openSshPem(blob: Buffer, secret: Buffer): string {
  const check = randomBytes(4);
  const list = joined(check, check, secret, text(COMMENT));
  const padding = Buffer.from(Array.from({ length: -list.length & (BLOCK - 1) }, (_, index) => index + 1));
  const content = joined(
    Buffer.from('openssh-key-v1\0'),
    text('none'),
    text('none'),
    text(''),
    uint32(1),
    text(blob),
    text(joined(list, padding)),
  );
  const lines = content.toString('base64').match(new RegExp(`.{1,${LINE}}`, 'g')) ?? [];
  return ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join(
    '\n',
  );
}

const joined = (...parts: readonly Buffer[]): Buffer => Buffer.concat(parts);
const fromBase64 = (value: string): Buffer => Buffer.from(value, 'base64url');
const bytesOf = (key: KeyObject, member: 'x' | 'e' | 'n'): Buffer =>
  fromBase64(key.export({ format: 'jwk' })[member] ?? '');

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A `string` of the protocol: its length, then its bytes. */
function text(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return joined(uint32(bytes.length), bytes);
}

/** A number whose first bit is set would pass for a negative one. */
function positive(number: Buffer): Buffer {
  return (number[0] ?? 0) >= 0x80 ? joined(Buffer.alloc(1), number) : number;
}
