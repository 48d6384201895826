/** The account in the stand-in, and the one user that reads. */
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { LOCALHOST } from '../../../client/embedded/claim-port.ts';
import type { SnowflakeCredential } from '../../../model/credentials/snowflake.ts';
import type { Secrets } from '../../../store/definitions.ts';
import type { FakesnowServer } from './fakesnow-server.ts';

export interface SnowflakeAccount {
  readonly definition: SnowflakeCredential;
  readonly secrets: Secrets;
}

export interface KeyPair {
  readonly privateKey: string;
  readonly publicKey: string;
}

export const PASSPHRASE = 'a passphrase of the stand-in';

/** @param passphrase encrypts the private key */
export function makeKeyPair(passphrase?: string): KeyPair {
  return generateKeyPairSync('rsa', {
    modulusLength: 2_048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: {
      type: 'pkcs8',
      format: 'pem',
      ...(passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase }),
    },
  });
}

export interface User {
  readonly name: string;
  readonly password?: string;
  readonly tokens?: readonly string[];
  readonly public_keys?: readonly string[];
  readonly roles?: readonly string[];
  readonly disabled?: boolean;
}

/** Makes a user, or changes it. @returns the account, as a user with that key pair sees it */
export async function makeAccount(server: FakesnowServer, port: number): Promise<SnowflakeAccount> {
  const { privateKey, publicKey } = makeKeyPair(PASSPHRASE);
  const name = `BRAZE_CDI_${randomUUID().slice(0, 6).toUpperCase()}`;
  await server.put('user', { name, public_keys: [publicKey] } satisfies User);
  return {
    definition: {
      kind: 'credential',
      name: 'snowflake',
      warehouse: 'snowflake',
      account: 'myorg-myaccount',
      url: `http://${LOCALHOST}:${port}`,
      user: name,
      role: 'BRAZE_CDI',
      virtual_warehouse: 'BRAZE_CDI_WH',
      database: 'ANALYTICS',
      private_key: '${env:SNOWFLAKE_PRIVATE_KEY}',
      passphrase: '${env:SNOWFLAKE_PASSPHRASE}',
    },
    secrets: { private_key: privateKey, passphrase: PASSPHRASE },
  };
}
