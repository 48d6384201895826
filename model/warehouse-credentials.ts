/** What a credential holds, per warehouse. A sixth warehouse adds one schema to the list. */
import { z } from 'zod';
import { nameSchema, secretSchema } from './common-fields.ts';

export const redshiftCredentialSchema = z
  .strictObject({
    kind: z.literal('credential').describe('Marks the file as a credential.'),
    name: nameSchema,
    warehouse: z.literal('redshift').describe('Which warehouse this is.'),
    host: z.string().min(1).describe('Endpoint of the cluster or workgroup, without the port.'),
    port: z.int().min(1).max(65_535).default(5439).describe('Port of the endpoint.'),
    database: z.string().min(1).max(127).describe('Database that holds the schemas.'),
    user: z.string().min(1).max(127).describe('Database user, with SELECT on the sources.'),
    password: secretSchema.describe('Password of the user, as `${env:NAME}` or `${file:PATH}`.'),
    tls: z
      .enum(['verify', 'require', 'off'])
      .default('verify')
      .describe('`verify`: TLS with a trusted certificate; `require`: TLS without that check; `off`: none.'),
    ca: z
      .string()
      .optional()
      .describe('Path of a PEM file with the issuer, where the system does not trust it.'),
  })
  .describe('Amazon Redshift, over the PostgreSQL wire protocol.');

export const warehouseCredentialSchemas = [redshiftCredentialSchema] as const;

export const WAREHOUSES = ['redshift'] as const;
export type Warehouse = (typeof WAREHOUSES)[number];

/** Fields of each credential whose values are encrypted at rest and never shown. */
export const SECRET_FIELDS: Record<Warehouse, readonly string[]> = { redshift: ['password'] };

export type RedshiftCredential = z.infer<typeof redshiftCredentialSchema>;
export type WarehouseCredential = RedshiftCredential;

/**
 * Names the database behind a credential: credentials with an equal location see the same tables. User and secret are
 * no part of it.
 *
 * @returns a text for comparison; it holds no secret
 */
export function warehouseLocation(credential: WarehouseCredential): string {
  return `redshift://${credential.host.toLowerCase()}:${credential.port}/${credential.database}`;
}
