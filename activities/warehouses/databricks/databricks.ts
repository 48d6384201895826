import type { DatabricksCredential } from '../../../model/credentials/databricks.ts';
import { CdiError } from '../../../model/errors.ts';
import type { Warehouse } from '../warehouse.ts';

export const databricks: Warehouse<DatabricksCredential> = {
  connect: async () => {
    throw new CdiError('internal', 'Not there yet.');
  },
  instant: (utc) => utc,
};
