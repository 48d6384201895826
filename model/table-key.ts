import type { CredentialDefinition, SyncDefinition } from './definitions.ts';
import { credentialKind } from './warehouse-credentials.ts';

/**
 * Names the table that a sync reads, the same for two credentials of one database. Schema and table are compared as
 * they are spelled.
 *
 * @param credential the credential that the sync names; undefined where it is not at hand: its name then stands for
 *   its database
 */
export function tableKey(sync: SyncDefinition, credential: CredentialDefinition | undefined): string {
  const database = credential ? credentialKind(credential).location(credential) : sync.credential;
  return JSON.stringify([database, sync.source.schema, sync.source.table]);
}
