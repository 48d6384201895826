/** Service accounts, and the check of the tokens that their keys sign. */
import { type KeyObject, generateKeyPairSync, randomUUID } from 'node:crypto';
import { decodeProtectedHeader, jwtVerify } from 'jose';
import { z } from 'zod';
import { GoogleError } from './google-error.ts';

export interface ServiceAccount {
  readonly email: string;
  readonly keyId: string;
  readonly publicKey: KeyObject;
  /** The JSON key, as the console hands it out. */
  readonly key: string;
}

const SCOPES = ['https://www.googleapis.com/auth/bigquery', 'https://www.googleapis.com/auth/cloud-platform'];
/** A token that a key signs itself may live for an hour. Source: AIP-4111. */
const LONGEST_LIFE_S = 3_600;
const LEEWAY_S = 60;

const claimsSchema = z.object({
  iss: z.string(),
  sub: z.string(),
  iat: z.number(),
  exp: z.number(),
  scope: z.string(),
});

export function makeServiceAccount(name: string, project: string): ServiceAccount {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const keyId = randomUUID().replaceAll('-', '');
  const email = `${name}@${project}.iam.gserviceaccount.com`;
  const key = JSON.stringify({
    type: 'service_account',
    project_id: project,
    private_key_id: keyId,
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    client_email: email,
    client_id: '100000000000000000000',
    auth_uri: 'https://accounts.google.com/o/oauth2/auth',
    token_uri: 'https://oauth2.googleapis.com/token',
    universe_domain: 'googleapis.com',
  });
  return { email, keyId, publicKey, key };
}

/** Knows the keys of service accounts. */
export class TokenCheck {
  readonly #accounts = new Map<string, ServiceAccount>();
  #notBefore = 0;

  register(account: ServiceAccount): void {
    this.#accounts.set(account.keyId, account);
  }

  /** Refuses from now on what was signed in an earlier second; tokens tell no shorter times. */
  expireAll(): void {
    this.#notBefore = Math.floor(Date.now() / 1_000);
  }

  /**
   * @param authorization the header
   * @returns the e-mail address of the account
   * @throws GoogleError 401 where any part of the token is not as it has to be
   */
  async caller(authorization: string | undefined): Promise<string> {
    const token = /^Bearer (.+)$/.exec(authorization ?? '')?.[1];
    if (token === undefined) throw unauthorized();
    try {
      const account = this.#accounts.get(decodeProtectedHeader(token).kid ?? '');
      if (!account) throw unauthorized();
      const { payload } = await jwtVerify(token, account.publicKey, {
        algorithms: ['RS256'],
        issuer: account.email,
        subject: account.email,
      });
      const { iat, exp, scope } = claimsSchema.parse(payload);
      const now = Date.now() / 1_000;
      if (iat > now + LEEWAY_S || exp - iat > LONGEST_LIFE_S || iat < this.#notBefore) throw unauthorized();
      if (!scope.split(' ').some((each) => SCOPES.includes(each))) throw unauthorized();
      return account.email;
    } catch {
      throw unauthorized();
    }
  }
}

const unauthorized = (): GoogleError =>
  new GoogleError(
    'authError',
    'Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.',
  );
