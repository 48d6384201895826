import type { DataType } from '../model/data-type.ts';
import { type ErrorType, isErrorType } from '../model/errors.ts';
import type { HeldRun } from '../model/guard.ts';
import type { RunCounts, RunOutcome, Trigger } from '../model/run.ts';
import type { RunRecord } from '../store/runs.ts';
import type { SetupAdvice } from './setup-advice.ts';

/** Plain data about a run that has ended, or is held: all that a notification may tell. */
export interface RunReport {
  readonly sync: string;
  readonly run: string;
  readonly dataType: DataType;
  /** Table or view, as `schema.table`. */
  readonly source: string;
  readonly workspace: string;
  readonly trigger: Trigger;
  readonly status: RunOutcome | 'held';
  readonly startedAt: Date;
  /** Null while the run is held. */
  readonly finishedAt: Date | null;
  readonly counts: RunCounts;
  /** The watermark the run leaves behind, at source precision; null while nothing is delivered. */
  readonly watermark: string | null;
  readonly error: RunError | null;
  /** What the error asks of the warehouse's administrator. */
  readonly setup?: SetupAdvice | undefined;
  /** What a guard asks, or asked, of people. */
  readonly held: HeldRun | null;
  readonly rejections: readonly Rejection[];
  /** Rows whose UPDATED_AT lies after the upper bound of the run. */
  readonly futureRows: number;
  readonly nullTimestampRows: number;
  /** Rows behind the watermark that no run has read; null where this run did not look for them. */
  readonly unreadRows: number | null;
  readonly warnings: readonly string[];
  readonly links: RunLinks;
}

/** The global error that stopped the run. */
export interface RunError {
  readonly type: ErrorType;
  readonly message: string;
  readonly vendorCode?: string | undefined;
}

/** The rows that one rule, or one answer of Braze, rejected. */
export interface Rejection {
  readonly code: string;
  readonly reason: string;
  readonly count: number;
  /** The first of them. */
  readonly examples: readonly RejectedExample[];
}

export interface RejectedExample {
  readonly updatedAt: string;
  /** Null for a row that names nobody. The value is in clear: it is masked before it leaves. */
  readonly identifier: RowIdentifier | null;
}

export interface RowIdentifier {
  /** Column as the table spells it, for example EXTERNAL_ID. */
  readonly column: string;
  readonly value: string;
}

export interface RunLinks {
  /** Page of the run in the Temporal UI. */
  readonly temporal?: string | undefined;
}

/** The error of a run as its report holds it. */
export function reportedError({ error }: Pick<RunRecord, 'error'>): RunError | null {
  if (!error) return null;
  const type = isErrorType(error.type) ? error.type : 'internal';
  return { type, message: error.message, vendorCode: error.code ?? undefined };
}
