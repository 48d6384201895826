import type { SnowflakeCredential } from '../../../model/credentials/snowflake.ts';
import { CdiError } from '../../../model/errors.ts';
import type { Warehouse } from '../warehouse.ts';

export const snowflake: Warehouse<SnowflakeCredential> = {
  connect: async () => {
    throw new CdiError('internal', 'Not there yet.');
  },
  instant: (utc) => utc,
};
