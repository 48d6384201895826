/** Every warehouse's credential. A sixth warehouse adds one line to each list. */
import {
  type BigqueryCredential,
  bigqueryCredential,
  bigqueryCredentialSchema,
} from './credentials/bigquery.ts';
import type { CredentialKind } from './credentials/credential-kind.ts';
import {
  type DatabricksCredential,
  databricksCredential,
  databricksCredentialSchema,
} from './credentials/databricks.ts';
import { type FabricCredential, fabricCredential, fabricCredentialSchema } from './credentials/fabric.ts';
import {
  type RedshiftCredential,
  redshiftCredential,
  redshiftCredentialSchema,
} from './credentials/redshift.ts';
import {
  type SnowflakeCredential,
  snowflakeCredential,
  snowflakeCredentialSchema,
} from './credentials/snowflake.ts';

export const WAREHOUSES = ['snowflake', 'redshift', 'bigquery', 'databricks', 'fabric'] as const;
export type Warehouse = (typeof WAREHOUSES)[number];

export const warehouseCredentialSchemas = [
  snowflakeCredentialSchema,
  redshiftCredentialSchema,
  bigqueryCredentialSchema,
  databricksCredentialSchema,
  fabricCredentialSchema,
] as const;

export interface WarehouseCredentials {
  readonly snowflake: SnowflakeCredential;
  readonly redshift: RedshiftCredential;
  readonly bigquery: BigqueryCredential;
  readonly databricks: DatabricksCredential;
  readonly fabric: FabricCredential;
}
export type WarehouseCredential = WarehouseCredentials[Warehouse];

export const CREDENTIAL_KINDS: { readonly [W in Warehouse]: CredentialKind<WarehouseCredentials[W]> } = {
  snowflake: snowflakeCredential,
  redshift: redshiftCredential,
  bigquery: bigqueryCredential,
  databricks: databricksCredential,
  fabric: fabricCredential,
};

/** The kind of a credential, for whoever does not know which warehouse it is of. */
export function credentialKind(credential: WarehouseCredential): CredentialKind<WarehouseCredential> {
  return CREDENTIAL_KINDS[credential.warehouse] as CredentialKind<WarehouseCredential>;
}
