/** Where the stretch before the watermark begins that is read again for late rows. */
import type { SyncDefinition } from '../../model/definitions.ts';
import { parseDuration } from '../../model/duration.ts';
import { isoFromUpdatedAt } from '../../model/rules/times.ts';
import type { EpochHolder } from '../../store/epoch.ts';
import type { Ledger } from '../../store/ledger.ts';
import type { Warehouse } from '../warehouses/warehouse.ts';

/**
 * @param watermark its UPDATED_AT text
 * @returns the instant after which rows may be late; null where none are looked for
 * @throws CdiError `superseded`
 */
export async function beginOfLookback(
  ledger: Ledger,
  run: EpochHolder & { readonly run: string },
  { options, full_refresh: isRefresh }: SyncDefinition,
  watermark: string | null,
  warehouse: Warehouse,
): Promise<string | null> {
  const ms = parseDuration(options.lookback) ?? 0;
  if (ms === 0 || isRefresh) {
    await ledger.lookback.turnOff(run);
    return null;
  }
  const { knownFrom, forgotten } = await ledger.lookback.prepare(run, {
    watermark,
    from: watermark === null ? '' : earlier(watermark, ms, warehouse),
    limit: options.lookback_rows,
  });
  if (forgotten > 0) {
    await ledger.runs.addWarning(
      run.run,
      `More than ${options.lookback_rows} rows lie within \`lookback\`: late rows are found only after ${knownFrom}.`,
    );
  }
  return watermark === null ? null : knownFrom;
}

function earlier(instant: string, ms: number, warehouse: Warehouse): string {
  const time = Date.parse(isoFromUpdatedAt(instant) ?? '');
  return Number.isNaN(time) ? instant : warehouse.instant(new Date(time - ms).toISOString());
}
