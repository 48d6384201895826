/** Databricks. Source: the set-up page of Braze's CDI, section Databricks. */
import { z } from 'zod';
import { secretSchema } from '../common-fields.ts';
import { type CredentialKind, caSchema, credentialHead } from './credential-kind.ts';

export const databricksCredentialSchema = z
  .strictObject({
    ...credentialHead,
    warehouse: z.literal('databricks').describe('Which warehouse this is.'),
    host: z
      .string()
      .regex(/^[A-Za-z0-9.-]+$/, 'write the server hostname alone')
      .describe('Server hostname of the SQL warehouse, such as `dbc-a1b2.cloud.databricks.com`.'),
    port: z.int().min(1).max(65_535).default(443).describe('Port of the SQL warehouse.'),
    http_path: z
      .string()
      .regex(/^\/./, 'write the path as the connection details show it, /sql/1.0/warehouses/…')
      .describe('HTTP path of the SQL warehouse, `/sql/1.0/warehouses/…`.'),
    catalog: z.string().min(1).max(255).describe('Catalog that holds the schemas.'),
    token: secretSchema.optional().describe('Personal access token.'),
    client_id: z
      .string()
      .min(1)
      .optional()
      .describe('Application id of a service principal, instead of a token.'),
    client_secret: secretSchema.optional().describe('OAuth secret of that service principal.'),
    ca: caSchema,
  })
  .refine((credential) => (credential.token === undefined) !== (credential.client_secret === undefined), {
    message: 'give either `token`, or `client_id` and `client_secret`',
  })
  .refine((credential) => (credential.client_id === undefined) === (credential.client_secret === undefined), {
    path: ['client_secret'],
    message: '`client_id` and `client_secret` are required together',
  })
  .describe('Databricks SQL.');

export type DatabricksCredential = z.infer<typeof databricksCredentialSchema>;

export const databricksCredential: CredentialKind<DatabricksCredential> = {
  secrets: ['token', 'client_secret'],
  location: ({ host, port, catalog }) => `databricks://${host.toLowerCase()}:${port}/${catalog}`,
  account: ({ host, http_path: path, catalog }) => `${host}${path}, ${catalog}`,
};
