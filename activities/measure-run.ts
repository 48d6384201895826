/** Counts what a run would send, before anything is sent. */
import { type RunSize, newRows } from '../model/guard.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { withHeartbeat } from './heartbeat.ts';
import { withSource } from './warehouses/open-source.ts';
import type { ReadRange } from './warehouses/warehouse.ts';

export interface MeasureRunInput {
  readonly sync: string;
  readonly run: string;
  /** The watermark; null: from the beginning. */
  readonly from: string | null;
  readonly upper: string;
  /** What the run may send unasked: counting ends as soon as it is plain that it stays within. */
  readonly limits: RunSize;
}

/**
 * @returns how much is new: of deletes an upper bound, and of both one where they stay within the limits
 * @throws CdiError of the warehouse's classes; `limit_exceeded` where no run may send so many
 */
export function measureRun({ ledger }: ActivityDependencies) {
  return async ({ sync: name, run, from, upper, limits }: MeasureRunInput): Promise<RunSize> =>
    withHeartbeat(async (signal) => {
      const { definition } = await ledger.definitions.sync(name);
      const label = `braze-cdi ${name} ${run}`;
      return withSource(ledger, definition, { signal, label }, async ({ connection, columns }) => {
        const count = (range: ReadRange): Promise<number> =>
          connection.count(definition.source, columns, range);
        const countDeletes = async (range: ReadRange, rows: number): Promise<number> => {
          if (definition.data_type === 'user_deletes') return rows;
          return columns.deleted && rows > 0 ? count({ ...range, deletedOnly: true }) : 0;
        };
        const all: ReadRange = { from, inclusive: true, to: upper };
        const met = await count(all);
        if (met <= limits.rows && met <= limits.deletes) return { rows: met, deletes: met };

        const at: ReadRange | null = from === null ? null : { from, inclusive: true, to: from };
        const after: ReadRange = { from, inclusive: false, to: upper };
        const rowsAt = at ? await count(at) : 0;
        const rowsAfter = Math.max(0, met - rowsAt);
        return newRows(
          {
            rowsAt,
            rowsAfter,
            deletesAt: at ? await countDeletes(at, rowsAt) : 0,
            deletesAfter: await countDeletes(after, rowsAfter),
          },
          await ledger.handledCounts(name, from),
        );
      });
    });
}
