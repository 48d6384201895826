/** Amazon Redshift. Source: the set-up page of Braze's CDI, section Redshift. */
import { z } from 'zod';
import { secretSchema } from '../common-fields.ts';
import { type CredentialKind, caSchema, credentialHead } from './credential-kind.ts';

const sshSchema = z
  .strictObject({
    host: z.string().min(1).describe('Host that the tunnel goes through.'),
    port: z.int().min(1).max(65_535).default(22).describe('Port of its SSH server.'),
    user: z.string().min(1).describe('User on that host.'),
    private_key: secretSchema.describe('Private key (PEM or OpenSSH); `cdi credential keygen` makes one.'),
    passphrase: secretSchema.optional().describe('Passphrase of the private key, where it has one.'),
    host_key: z
      .string()
      .regex(/^SHA256:[A-Za-z0-9+/]{43}=?$/, 'write the fingerprint as ssh-keygen -lf prints it, SHA256:…')
      .describe('Fingerprint of the host key, as `ssh-keygen -lf` prints it: another host is refused.'),
  })
  .describe('SSH tunnel, for a cluster that is not publicly accessible.');

export const redshiftCredentialSchema = z
  .strictObject({
    ...credentialHead,
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
    ca: caSchema,
    ssh: sshSchema.optional(),
  })
  .describe('Amazon Redshift, over the PostgreSQL wire protocol.');

export type RedshiftCredential = z.infer<typeof redshiftCredentialSchema>;

export const redshiftCredential: CredentialKind<RedshiftCredential> = {
  secrets: ['password', 'ssh.private_key', 'ssh.passphrase'],
  location: ({ host, port, database }) => `redshift://${host.toLowerCase()}:${port}/${database}`,
  account: ({ user, host, port, database }) => `${user}@${host}:${port}/${database}`,
};
