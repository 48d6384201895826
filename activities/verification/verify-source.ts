/** Holds what a table has against what the ledger knows of it. */
import { parseDuration } from '../../model/duration.ts';
import type { SyncDefinition } from '../../model/definitions.ts';
import { handledWindow, type Verification } from '../../model/reconciliation.ts';
import type { Ledger } from '../../store/ledger.ts';
import type { OpenSource } from '../warehouses/open-source.ts';
import type { ReadRange } from '../warehouses/warehouse.ts';

/** UPDATED_AT of interest, as a sync file writes times; null: no bound. */
export interface VerifiedWindow {
  readonly from: string | null;
  readonly to: string | null;
}

/**
 * No run of the sync may be reading or sending meanwhile.
 *
 * @throws CdiError of the warehouse's classes
 */
export async function verifySource(
  ledger: Ledger,
  definition: SyncDefinition,
  { warehouse, connection, columns }: OpenSource,
  wanted: VerifiedWindow,
): Promise<Verification> {
  const { name, source } = definition;
  const count = (range: ReadRange): Promise<number> => connection.count(source, columns, range);
  const { now, upper } = await connection.clock(parseDuration(definition.options.safety_lag) ?? 0);
  const watermark = (await ledger.watermarks.get(name))?.value ?? null;
  const handled = await ledger.handledCounts(name, watermark);
  const window =
    watermark === null
      ? undefined
      : handledWindow(await ledger.runs.deliveries(name), watermark, {
          from: wanted.from === null ? null : warehouse.instant(wanted.from),
          to: wanted.to === null ? null : warehouse.instant(wanted.to),
        });
  const beyond = await count({ from: watermark, inclusive: watermark === null, to: upper });
  return {
    watermark,
    window: window && {
      from: window.from,
      inclusive: window.inclusive,
      to: window.to,
      sent: Math.max(0, window.sent - (window.endsAtWatermark ? handled.after : 0)),
      rejected: window.rejected,
      inTable: await count({ from: window.from, inclusive: window.inclusive, to: window.to }),
    },
    waiting: {
      due: Math.max(0, beyond - handled.after),
      recent: await count({ from: upper, inclusive: false, to: now }),
      future: await connection.countAfter(source, columns, now),
    },
    withoutTimestamp: await connection.countWithoutTimestamp(source, columns),
    rejectedOnOffer: (await ledger.rejectedRows.onOffer(name, undefined)).rows,
  };
}
