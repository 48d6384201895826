import type { BigqueryCredential } from '../../../model/credentials/bigquery.ts';
import { CdiError } from '../../../model/errors.ts';
import type { Warehouse } from '../warehouse.ts';

export const bigquery: Warehouse<BigqueryCredential> = {
  connect: async () => {
    throw new CdiError('internal', 'Not there yet.');
  },
  instant: (utc) => utc,
};
