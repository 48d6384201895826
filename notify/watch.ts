/**
 * The watch: looks at the ledger from time to time, and tells what no run can tell. It needs neither Temporal nor a worker, so
 * that it notices when they are gone. The worker's maintenance looks as well; several watches at once tell nothing twice.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { classify } from '../model/errors.ts';
import { changesOf } from './conditions.ts';
import type { NotifyDependencies } from './dependencies.ts';
import { tellDue } from './tell-due.ts';

export interface Looked {
  readonly opened: number;
  readonly closed: number;
  /** Notices that went out. */
  readonly told: number;
}

/** @throws CdiError where somebody could not be reached; it is tried again at the next look */
export async function look(dependencies: NotifyDependencies, now: Date = new Date()): Promise<Looked> {
  const { ledger } = dependencies;
  const [syncs, credentials, open] = await Promise.all([
    ledger.syncStates(),
    ledger.definitions.credentials(),
    ledger.incidents.open(),
  ]);
  const { raise, close, drop } = changesOf(
    { syncs, credentials: credentials.map(({ definition }) => definition), open },
    now,
  );
  for (const condition of raise) await ledger.incidents.raise(condition);
  await ledger.incidents.close(drop, { isTold: false });
  await ledger.incidents.close(close);
  return {
    opened: raise.length,
    closed: close.length + drop.length,
    told: await tellDue(dependencies),
  };
}

const EVERY_MS = 60_000;

/** Looks every minute until the signal aborts. What fails is logged, and tried again. */
export async function watch(
  dependencies: NotifyDependencies,
  signal: AbortSignal,
  everyMs: number = EVERY_MS,
): Promise<void> {
  const { log } = dependencies;
  while (!signal.aborted) {
    try {
      const looked = await look(dependencies);
      if (looked.opened + looked.closed + looked.told > 0) log.info(looked, 'watch looked');
    } catch (error) {
      const { type, message } = classify(error);
      log.warn({ type }, `watch failed: ${message}`);
    }
    await sleep(everyMs, undefined, { signal }).catch(() => undefined);
  }
}
