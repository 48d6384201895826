/** Key pairs for Snowflake. Source: Snowflake's page on key-pair authentication. */
import { createHash, generateKeyPairSync } from 'node:crypto';

const BITS = 2_048;

export interface SnowflakeKey {
  /** PKCS #8, as PEM. */
  readonly privateKey: string;
  /** The body of the public key's PEM, without its lines. */
  readonly publicKey: string;
  /** As `DESC USER` shows it under RSA_PUBLIC_KEY_FP. */
  readonly fingerprint: string;
}

/** @param passphrase encrypts the private key; undefined leaves it in clear */
export function makeSnowflakeKey(passphrase: string | undefined): SnowflakeKey {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: BITS,
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: {
      type: 'pkcs8',
      format: 'pem',
      ...(passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase }),
    },
  });
  return {
    privateKey,
    publicKey: publicKey.toString('base64'),
    fingerprint: `SHA256:${createHash('sha256').update(publicKey).digest('base64')}`,
  };
}
