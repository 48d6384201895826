/** What belongs to the credential of one warehouse. A sixth warehouse is one more file beside this one. */
import { z } from 'zod';
import { nameSchema } from '../common-fields.ts';

/** The fields that every credential begins with. */
export const credentialHead = {
  kind: z.literal('credential').describe('Marks the file as a credential.'),
  name: nameSchema,
  expires: z.iso
    .date('write the day as 2027-01-31')
    .optional()
    .describe(
      'Day, in UTC, from which the secret no longer works, as `2027-01-31`: alerts tell of it from 14 days before.',
    ),
} as const;

/** A file with the issuer of the certificate; see `readCa` of the connection. */
export const caSchema = z
  .string()
  .optional()
  .describe('Path, on every worker, of a PEM file with the issuer, where the system does not trust it.');

/**
 * What the rest of the project asks of a credential, per warehouse.
 *
 * `secrets`: paths of the fields that are written as references, encrypted at rest and never shown, `ssh.private_key`
 * for a nested one. `location`: names the database, so that credentials with an equal location see the same tables;
 * neither user nor secret is part of it. `account`: who logs in where, for lists; holds no secret.
 */
export interface CredentialKind<C> {
  readonly secrets: readonly string[];
  readonly location: (credential: C) => string;
  readonly account: (credential: C) => string;
}
