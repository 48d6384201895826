import type { Warehouse } from '../../model/warehouse-credentials.ts';
import { limits as bigquery } from './bigquery/limits.ts';
import { limits as databricks } from './databricks/limits.ts';
import { limits as fabric } from './fabric/limits.ts';
import { limits as redshift } from './redshift/limits.ts';
import { limits as snowflake } from './snowflake/limits.ts';
import type { StandInLimits } from './stand-in-limits.ts';

export const LIMITS: { readonly [W in Warehouse]: StandInLimits } = {
  snowflake,
  redshift,
  bigquery,
  databricks,
  fabric,
};
