/** `cdi verify`: counts the table; only a worker has a way to the warehouse. */
import type { Verification } from '../model/reconciliation.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { withHeartbeat } from './heartbeat.ts';
import { type VerifiedWindow, verifySource } from './verification/verify-source.ts';
import { withSource } from './warehouses/open-source.ts';

export interface VerifySyncInput extends VerifiedWindow {
  readonly sync: string;
}

/** @throws CdiError of the warehouse's classes */
export function verifySync({ ledger }: ActivityDependencies) {
  return async ({ sync, ...window }: VerifySyncInput): Promise<Verification> =>
    withHeartbeat(async (signal) => {
      const { definition } = await ledger.definitions.sync(sync);
      const label = `braze-cdi verify ${sync}`;
      return withSource(ledger, definition, { signal, label }, (source) =>
        verifySource(ledger, definition, source, window),
      );
    });
}
