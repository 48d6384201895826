/** Which parts of an instant a run reads next, by what the ledger knows of it. */
import { FULL_REFRESH } from '../../model/full-refresh.ts';
import type { EpochHolder } from '../../store/epoch.ts';
import type { Ledger } from '../../store/ledger.ts';
import type { PlanPartsInput, PlannedParts } from '../plan-parts.ts';
import type { HashShare, ReadRange } from '../warehouses/warehouse.ts';
import { planParts } from './plan-parts.ts';

/** Keeps the result small in the workflow's history; the rest is asked for later. */
const PARTS_PER_PLAN = 200;

export type CountByHash = (range: ReadRange, digits: number) => Promise<ReadonlyMap<string, number>>;

/** @throws what counting throws; CdiError `superseded` */
export async function planInstant(
  { sync, run, instant, ceiling, after }: PlanPartsInput,
  { ledger, holder, countByHash }: { ledger: Ledger; holder: EpochHolder; countByHash: CountByHash },
): Promise<PlannedParts> {
  const isRefresh = instant === FULL_REFRESH;
  const everything: ReadRange = isRefresh
    ? { from: null, inclusive: true, to: null }
    : { from: instant, inclusive: true, to: instant };
  const count = (share: HashShare | undefined, digits: number): Promise<ReadonlyMap<string, number>> =>
    countByHash(share ? { ...everything, share } : everything, digits);
  const known = await ledger.instantParts.of(sync, instant);
  const { read, dissolved, vanished } = await planParts({
    known,
    ceiling,
    spareUnchanged: !isRefresh,
    count,
  });
  const left = read.filter(({ low }) => after === null || low > after);
  const grown = left.filter((part) =>
    known.some(({ low, high, hasDigests }) => low === part.low && high === part.high && !hasDigests),
  );
  const forgotten = [...grown, ...dissolved.filter(({ hasDigests }) => !hasDigests)];
  if (forgotten.length > 0) {
    const rows = forgotten.reduce((sum, part) => sum + part.rows, 0);
    await ledger.runs.addWarning(
      run,
      `${forgotten.length} parts ${isRefresh ? 'of the table' : `of the instant ${instant} have changed`}, and ` +
        `\`digest_rows\` is too low to know their rows apart: all ${rows} rows of them are sent again.`,
    );
  }
  const gone = [...dissolved, ...vanished];
  if (gone.length > 0) await ledger.instantParts.dissolve(holder, run, instant, gone);
  return { parts: left.slice(0, PARTS_PER_PLAN), isAll: left.length <= PARTS_PER_PLAN };
}
