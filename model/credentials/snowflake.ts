/** Snowflake. Source: the set-up page of Braze's CDI, section Snowflake. */
import { z } from 'zod';
import { secretSchema } from '../common-fields.ts';
import { type CredentialKind, credentialHead } from './credential-kind.ts';

const METHODS = ['private_key', 'token', 'password'] as const;

export const snowflakeCredentialSchema = z
  .strictObject({
    ...credentialHead,
    warehouse: z.literal('snowflake').describe('Which warehouse this is.'),
    account: z
      .string()
      .regex(
        /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+){0,3}$/,
        'write the account identifier alone, such as myorg-myaccount',
      )
      .describe('Account identifier, `myorg-myaccount` or `xy12345.us-east-1.aws`.'),
    url: z
      .url({ protocol: /^https?$/, error: 'write the address of the account, https://…' })
      .optional()
      .describe('Address of the account where it is not the public one, such as that of a private link.'),
    user: z.string().min(1).max(255).describe('User, with the role granted to it.'),
    role: z.string().min(1).max(255).optional().describe('Role to use. Default: that of the user.'),
    virtual_warehouse: z
      .string()
      .min(1)
      .max(255)
      .optional()
      .describe('Virtual warehouse that runs the queries. Default: that of the user.'),
    database: z.string().min(1).max(255).describe('Database that holds the schemas.'),
    private_key: secretSchema
      .optional()
      .describe('Private key (PEM) of the key pair; `cdi credential keygen` makes one.'),
    passphrase: secretSchema.optional().describe('Passphrase of the private keys, where they have one.'),
    private_key_2: secretSchema
      .optional()
      .describe('The next private key, during a rotation: it is tried first, the other one until it works.'),
    token: secretSchema.optional().describe('Programmatic access token, instead of a key pair.'),
    password: secretSchema.optional().describe('Password, instead of a key pair.'),
  })
  .refine((credential) => METHODS.filter((method) => credential[method] !== undefined).length === 1, {
    message: 'give one of `private_key`, `token` and `password`',
  })
  .refine((credential) => credential.private_key !== undefined || credential.private_key_2 === undefined, {
    path: ['private_key_2'],
    message: '`private_key_2` stands beside `private_key`',
  })
  .describe('Snowflake.');

export type SnowflakeCredential = z.infer<typeof snowflakeCredentialSchema>;

export const snowflakeCredential: CredentialKind<SnowflakeCredential> = {
  secrets: ['private_key', 'passphrase', 'private_key_2', 'token', 'password'],
  location: ({ account, url, database }) => `snowflake://${(url ?? account).toLowerCase()}/${database}`,
  account: ({ user, account, database }) => `${user}@${account}/${database}`,
};
