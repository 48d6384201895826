import type {
  Warehouse as WarehouseName,
  WarehouseCredential,
  WarehouseCredentials,
} from '../../model/warehouse-credentials.ts';
import { bigquery } from './bigquery/bigquery.ts';
import { databricks } from './databricks/databricks.ts';
import { fabric } from './fabric/fabric.ts';
import { redshift } from './redshift/redshift.ts';
import { snowflake } from './snowflake/snowflake.ts';
import type { Warehouse } from './warehouse.ts';

/** Every warehouse there is. */
const WAREHOUSE_REGISTRY: { readonly [W in WarehouseName]: Warehouse<WarehouseCredentials[W]> } = {
  snowflake,
  redshift,
  bigquery,
  databricks,
  fabric,
};

/** The warehouse that a credential is for. */
export function warehouseOf(credential: WarehouseCredential): Warehouse {
  return WAREHOUSE_REGISTRY[credential.warehouse];
}
