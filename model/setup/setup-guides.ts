import type { Warehouse, WarehouseCredentials } from '../warehouse-credentials.ts';
import { bigqueryGuide } from './bigquery.ts';
import { databricksGuide } from './databricks.ts';
import { fabricGuide } from './fabric.ts';
import { redshiftGuide } from './redshift.ts';
import type { SetupGuide } from './setup-guide.ts';
import { snowflakeGuide } from './snowflake.ts';

const SETUP_GUIDES: { readonly [W in Warehouse]: SetupGuide<WarehouseCredentials[W]> } = {
  snowflake: snowflakeGuide,
  redshift: redshiftGuide,
  bigquery: bigqueryGuide,
  databricks: databricksGuide,
  fabric: fabricGuide,
};

/** The guide of a warehouse; it is to be given credentials of that warehouse only. */
export function setupGuide(warehouse: Warehouse): SetupGuide {
  return SETUP_GUIDES[warehouse];
}
