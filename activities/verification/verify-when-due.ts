/** The verification that a sync asks for: at the begin of a run, once the interval is over. */
import { parseDuration } from '../../model/duration.ts';
import type { SyncDefinition } from '../../model/definitions.ts';
import { CdiError, type ErrorType } from '../../model/errors.ts';
import { differenceOf } from '../../model/reconciliation.ts';
import type { Ledger } from '../../store/ledger.ts';
import type { OpenSource } from '../warehouses/open-source.ts';
import { verifySource } from './verify-source.ts';

/** A count that goes wrong in one of these ways stops no run. */
const COUNT_FAILED: ReadonlySet<ErrorType> = new Set(['query_timeout', 'query_refused', 'warehouse_busy']);

/** @throws CdiError of the warehouse's classes */
export async function verifyWhenDue(
  ledger: Ledger,
  definition: SyncDefinition,
  run: string,
  source: OpenSource,
): Promise<void> {
  const intervalMs = parseDuration(definition.options.verify) ?? 0;
  if (intervalMs === 0 || !(await ledger.runs.verificationDue(definition.name, intervalMs))) return;
  let unread: number | null = null;
  try {
    ({ unread } = differenceOf(await verifySource(ledger, definition, source, { from: null, to: null })));
  } catch (error) {
    // The rows are worth more than their count.
    if (!(error instanceof CdiError) || !COUNT_FAILED.has(error.type)) throw error;
    await ledger.runs.addWarning(run, `The table could not be held against the ledger: ${error.message}`);
  }
  await ledger.runs.recordVerification(run, unread);
  if (unread !== null && unread > 0) {
    await ledger.runs.addWarning(
      run,
      `At least ${unread} ${unread === 1 ? 'row' : 'rows'} behind the watermark were never read: see \`cdi verify ${definition.name}\`.`,
    );
  }
}
