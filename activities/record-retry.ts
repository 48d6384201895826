/** Puts a retry on record: who asked for it, and what for. */
import type { RetryRequest } from '../model/retry.ts';
import type { ActivityDependencies } from './dependencies.ts';

export interface RecordRetryInput {
  readonly sync: string;
  readonly run: string;
  readonly request: RetryRequest;
}

/** @returns how many rejected rows are on offer */
export function recordRetry({ ledger }: ActivityDependencies) {
  return async ({ sync, run, request }: RecordRetryInput): Promise<number> => {
    const { by, ...details } = request;
    await ledger.corrections.recordRetry(sync, run, by, details);
    return (await ledger.rejectedRows.onOffer(sync, request.ofRun ?? undefined)).rows;
  };
}
