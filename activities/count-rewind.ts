/** Counts what a rewind would send again; only a worker has a way to the warehouse. */
import type { ActivityDependencies } from './dependencies.ts';
import { withHeartbeat } from './heartbeat.ts';
import { withSource } from './warehouses/open-source.ts';

export interface CountRewindInput {
  readonly sync: string;
  /** `beginning`, or a UTC time as a sync file writes it. */
  readonly to: string;
}

export interface RewindCount {
  /** Where the watermark stands; null: nothing is delivered yet. */
  readonly from: string | null;
  /** Where it would go, in the warehouse's own form; null: to the beginning. */
  readonly to: string | null;
  /** Rows from there up to the watermark as they are in the table now, and confirmed ones beyond it. */
  readonly rows: number;
}

/** @throws CdiError of the warehouse's classes */
export function countRewind({ ledger }: ActivityDependencies) {
  return async ({ sync, to: time }: CountRewindInput): Promise<RewindCount> =>
    withHeartbeat(async (signal) => {
      const { definition } = await ledger.definitions.sync(sync);
      const from = (await ledger.watermarks.get(sync))?.value ?? null;
      const label = `braze-cdi rewind ${sync}`;
      return withSource(ledger, definition, { signal, label }, async ({ warehouse, connection, columns }) => {
        const to = time === 'beginning' ? null : warehouse.instant(time);
        if (from === null || (to !== null && to > from)) return { from, to, rows: 0 };
        const range = { from: to, inclusive: true, to: from };
        const rows = await connection.count(definition.source, columns, range);
        return { from, to, rows: rows + (await ledger.handledCounts(sync, from)).after };
      });
    });
}
