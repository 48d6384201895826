/** Opens a connection with a credential and closes it again. */
import type { ActivityDependencies } from './dependencies.ts';
import { withHeartbeat } from './heartbeat.ts';
import { warehouseOf } from './warehouses/registry.ts';

/** @returns the warehouse's present time @throws CdiError of the warehouse's classes */
export function testCredential({ ledger }: ActivityDependencies) {
  return async (name: string): Promise<string> =>
    withHeartbeat(async (signal) => {
      const credential = await ledger.definitions.credential(name);
      const warehouse = warehouseOf(credential.definition);
      const connection = await warehouse.connect(credential, { signal, label: `braze-cdi test ${name}` });
      try {
        return (await connection.clock(0)).now;
      } finally {
        await connection.close();
      }
    });
}
