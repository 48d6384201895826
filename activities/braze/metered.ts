/** Counts what an upload does, around the parts that do it. */
import type { PipelineMetrics } from '../../metrics/pipeline-metrics.ts';
import type { NewRejectedRow } from '../../store/rejected-rows.ts';
import type { Uploads } from '../../store/uploads.ts';
import { type BrazeClient, NoAnswerError } from './client.ts';
import type { RateBudget } from './rate-budget.ts';

/** The part of the ledger that an upload reads and writes. */
export type UploadLedger = Pick<Uploads, 'state' | 'reserve' | 'confirm' | 'complete'>;

/** Counts rows once their answer is on record: what is recorded again is counted once. */
export function meteredUploads(uploads: Uploads, sync: string, metrics: PipelineMetrics): UploadLedger {
  return {
    state: (...args) => uploads.state(...args),
    reserve: (...args) => uploads.reserve(...args),
    complete: (...args) => uploads.complete(...args),
    async confirm(holder, run, segment, confirmation) {
      await uploads.confirm(holder, run, segment, confirmation);
      metrics.rowsAnswered(sync, confirmation.sent, confirmation.rejected.map(reasonOf));
    },
  };
}

/** The codes of the row rules are a short list. Those of Braze are made of its words, which may quote a row. */
const reasonOf = ({ code, origin }: NewRejectedRow): string =>
  origin === 'validation' ? code : 'refused_by_braze';

/** Where requests of an upload go. */
export interface RequestPlace {
  readonly workspace: string;
  readonly family: string;
}

export function meteredClient(
  client: BrazeClient,
  { workspace, family }: RequestPlace,
  metrics: PipelineMetrics,
): BrazeClient {
  return {
    async send(...args) {
      try {
        const answer = await client.send(...args);
        metrics.request(workspace, family, answer.status);
        return answer;
      } catch (error) {
        if (error instanceof NoAnswerError) metrics.request(workspace, family, 'none');
        throw error;
      }
    },
    destroy: () => client.destroy(),
  };
}

export function meteredBudget(
  budget: RateBudget,
  { workspace, family }: RequestPlace,
  metrics: PipelineMetrics,
): RateBudget {
  return {
    get perSecond() {
      return budget.perSecond;
    },
    observe: (answer) => budget.observe(answer),
    refuse: (waitMs) => budget.refuse(waitMs),
    async take(signal) {
      const asked = performance.now();
      await budget.take(signal);
      metrics.budgetWaited(workspace, family, (performance.now() - asked) / 1_000);
    },
  };
}
