import type { FabricCredential } from '../../../model/credentials/fabric.ts';
import { CdiError } from '../../../model/errors.ts';
import type { Warehouse } from '../warehouse.ts';

export const fabric: Warehouse<FabricCredential> = {
  connect: async () => {
    throw new CdiError('internal', 'Not there yet.');
  },
  instant: (utc) => utc,
};
