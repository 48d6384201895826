/** Google BigQuery. Source: the set-up page of Braze's CDI, section BigQuery. */
import { z } from 'zod';
import { secretSchema } from '../common-fields.ts';
import { type CredentialKind, credentialHead } from './credential-kind.ts';

export const bigqueryCredentialSchema = z
  .strictObject({
    ...credentialHead,
    warehouse: z.literal('bigquery').describe('Which warehouse this is.'),
    project: z
      .string()
      .regex(/^[a-z][a-z0-9.:-]{4,60}[a-z0-9]$/, 'write the id of the project')
      .describe('Project that holds the datasets; the queries run and are billed there.'),
    location: z.string().min(1).max(60).default('US').describe('Location of the datasets, such as `EU`.'),
    service_account_key: secretSchema
      .optional()
      .describe(
        'JSON key of the service account. Default: the application default credentials of the worker.',
      ),
    maximum_bytes_billed: z
      .int()
      .min(1)
      .optional()
      .describe('Bytes that one query may scan at most; a query beyond it is refused, and costs nothing.'),
    api_endpoint: z
      .url({ protocol: /^https?$/, error: 'write the address of the API, https://…' })
      .optional()
      .describe('Address of the API where it is not the public one, such as that of a private endpoint.'),
  })
  .describe('Google BigQuery.');

export type BigqueryCredential = z.infer<typeof bigqueryCredentialSchema>;

export const bigqueryCredential: CredentialKind<BigqueryCredential> = {
  secrets: ['service_account_key'],
  location: ({ project, api_endpoint: endpoint }) => `bigquery://${endpoint ?? 'google'}/${project}`,
  account: ({ project, location }) => `${project} in ${location}`,
};
