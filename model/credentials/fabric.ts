/** Microsoft Fabric. Source: the set-up page of Braze's CDI, section Fabric. */
import { z } from 'zod';
import { secretSchema } from '../common-fields.ts';
import { type CredentialKind, caSchema, credentialHead } from './credential-kind.ts';

export const fabricCredentialSchema = z
  .strictObject({
    ...credentialHead,
    warehouse: z.literal('fabric').describe('Which warehouse this is.'),
    server: z
      .string()
      .regex(/^[A-Za-z0-9.-]+$/, 'write the SQL connection string alone, …datawarehouse.fabric.microsoft.com')
      .describe('SQL connection string of the warehouse, `….datawarehouse.fabric.microsoft.com`.'),
    port: z.int().min(1).max(65_535).default(1433).describe('Port of the endpoint.'),
    database: z.string().min(1).max(127).describe('Name of the warehouse or lakehouse.'),
    tenant_id: z.string().min(1).describe('Directory (tenant) id of the app registration.'),
    client_id: z.string().min(1).describe('Application (client) id of the app registration.'),
    client_secret: secretSchema.describe('Client secret of the app registration.'),
    authority: z
      .url({ protocol: /^https$/, error: 'write the address of the login service, https://…' })
      .optional()
      .describe(
        'Address of the login service where it is not the public one, such as that of a national cloud.',
      ),
    ca: caSchema,
  })
  .describe('Microsoft Fabric, its SQL analytics endpoint.');

export type FabricCredential = z.infer<typeof fabricCredentialSchema>;

export const fabricCredential: CredentialKind<FabricCredential> = {
  secrets: ['client_secret'],
  location: ({ server, port, database }) => `fabric://${server.toLowerCase()}:${port}/${database}`,
  account: ({ client_id: client, server, database }) => `${client}@${server}/${database}`,
};
