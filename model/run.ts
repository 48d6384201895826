/** A run: one execution of a sync. */

export const RUN_STATUSES = [
  'running',
  'held',
  'success',
  'partial',
  'error',
  'config_error',
  'limit_exceeded',
  'cancelled',
] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/** Statuses a run never leaves. */
export type RunOutcome = Exclude<RunStatus, 'running' | 'held'>;

export const TRIGGERS = ['schedule', 'manual', 'api', 'retry'] as const;
export type Trigger = (typeof TRIGGERS)[number];

/** What a run counted so far. The ledger holds the truth; the workflow shows it. */
export interface RunCounts {
  /** New rows read from the table. */
  readonly read: number;
  /** Rows delivered, alone or merged with newer rows of the same user. */
  readonly sent: number;
  /** Rows that failed validation or that Braze refused. */
  readonly rejected: number;
  /** Requests that Braze answered. */
  readonly requests: number;
  /** Rows that may have reached Braze twice, because an answer was lost. An upper bound. */
  readonly possiblyDoubled: number;
}

export const NO_COUNTS: RunCounts = { read: 0, sent: 0, rejected: 0, requests: 0, possiblyDoubled: 0 };
