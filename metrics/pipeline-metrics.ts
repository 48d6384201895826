/**
 * What the pipeline counts as it works. The ledger holds the truth of a run; these are for rates and alerts. Labels are names of
 * definitions, codes and statuses: never a value of a row.
 */
import { Counter, Histogram, type Registry } from 'prom-client';

/** From an empty run to one that takes a night, in seconds. */
const RUN_BUCKETS = [1, 5, 15, 60, 300, 900, 3_600, 14_400, 43_200];

export class PipelineMetrics {
  readonly #rowsRead: Counter<'sync'>;
  readonly #rowsSent: Counter<'sync'>;
  readonly #rowsRejected: Counter<'sync' | 'reason'>;
  readonly #requests: Counter<'workspace' | 'family' | 'status'>;
  readonly #budgetWait: Counter<'workspace' | 'family'>;
  readonly #runSeconds: Histogram<'sync' | 'status'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#rowsRead = new Counter({
      name: 'cdi_rows_read_total',
      help: 'New rows read from the warehouse.',
      labelNames: ['sync'],
      registers,
    });
    this.#rowsSent = new Counter({
      name: 'cdi_rows_sent_total',
      help: 'Rows that Braze accepted, alone or merged with newer rows of the same user.',
      labelNames: ['sync'],
      registers,
    });
    this.#rowsRejected = new Counter({
      name: 'cdi_rows_rejected_total',
      help: 'Rows that failed validation or that Braze refused, by the code of the rule; refused_by_braze: by Braze.',
      labelNames: ['sync', 'reason'],
      registers,
    });
    this.#requests = new Counter({
      name: 'cdi_requests_total',
      help: 'Requests to Braze, by the status of the answer; none: no answer came.',
      labelNames: ['workspace', 'family', 'status'],
      registers,
    });
    this.#budgetWait = new Counter({
      name: 'cdi_rate_budget_wait_seconds_total',
      help: 'Time that requests waited for the rate budget of their workspace, added up over requests.',
      labelNames: ['workspace', 'family'],
      registers,
    });
    this.#runSeconds = new Histogram({
      name: 'cdi_run_seconds',
      help: 'How long runs took, by how they ended.',
      labelNames: ['sync', 'status'],
      buckets: RUN_BUCKETS,
      registers,
    });
  }

  rowsRead(sync: string, rows: number): void {
    this.#rowsRead.inc({ sync }, rows);
  }

  rowsAnswered(sync: string, sent: number, reasons: readonly string[]): void {
    this.#rowsSent.inc({ sync }, sent);
    for (const reason of reasons) this.#rowsRejected.inc({ sync, reason });
  }

  /** @param status of the answer; `none` where there was none */
  request(workspace: string, family: string, status: number | 'none'): void {
    this.#requests.inc({ workspace, family, status: String(status) });
  }

  budgetWaited(workspace: string, family: string, seconds: number): void {
    this.#budgetWait.inc({ workspace, family }, seconds);
  }

  runEnded(sync: string, status: string, seconds: number): void {
    this.#runSeconds.observe({ sync, status }, seconds);
  }
}
