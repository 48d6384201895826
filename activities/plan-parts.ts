/** Divides an instant with more rows than a segment may hold into parts, and says which of them to read. */
import { epochHolder } from './caller.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { planInstant } from './extraction/plan-instant.ts';
import type { PlannedPart } from './extraction/plan-parts.ts';
import { withHeartbeat } from './heartbeat.ts';
import { withSource } from './warehouses/open-source.ts';

export interface PlanPartsInput {
  readonly sync: string;
  readonly run: string;
  readonly epoch: number;
  /** UPDATED_AT text, or `FULL_REFRESH` for the whole table. */
  readonly instant: string;
  /** Rows that a part may hold, unless they are all of one user. */
  readonly ceiling: number;
  /** Only parts after the one that begins here; null: from the first. */
  readonly after: string | null;
}

export interface PlannedParts {
  readonly parts: readonly PlannedPart[];
  /** Whether these are the last. */
  readonly isAll: boolean;
}

/** @throws CdiError of the warehouse's classes, `superseded` */
export function planParts({ ledger }: ActivityDependencies) {
  return async (input: PlanPartsInput): Promise<PlannedParts> =>
    withHeartbeat(async (signal) => {
      const { definition } = await ledger.definitions.sync(input.sync);
      const label = `braze-cdi ${input.sync} ${input.run}`;
      return withSource(ledger, definition, { signal, label }, ({ connection, columns }) =>
        planInstant(input, {
          ledger,
          holder: epochHolder(input.sync, input.epoch),
          countByHash: (range, digits) => connection.countByHash(definition.source, columns, range, digits),
        }),
      );
    });
}
