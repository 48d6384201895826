import type { Warehouse as WarehouseName } from '../../model/warehouse-credentials.ts';
import { redshift } from './redshift/redshift.ts';
import type { Warehouse } from './warehouse.ts';

/** Every warehouse there is. */
export const WAREHOUSE_REGISTRY: Record<WarehouseName, Warehouse> = {
  redshift,
};
