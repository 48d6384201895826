/** What the activities work with. The worker makes it once and hands it to `createActivities`. */
import type { Ledger } from '../store/ledger.ts';
import type { RateBudgets } from './braze/rate-budget.ts';
import type { NotificationChannel } from './notify/channel.ts';
import type { Staging } from './staging/staging.ts';

/** Structured log, object first. Fields never hold a row's value, an identifier of a person or a secret. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What the activities ask of Temporal. */
export interface TemporalSide {
  /** The Temporal run id that is open under a sync's workflow id, or undefined where none is. */
  openRun(sync: string): Promise<string | undefined>;
  /** Pauses the schedule of a sync, with a note that says why; a sync without a schedule is left as it is. */
  pauseSchedule(sync: string, note: string): Promise<void>;
  /** Pause and note of each sync's schedule; syncs without a schedule are absent. */
  schedulePauses(): Promise<Map<string, { paused: boolean; note: string | undefined }>>;
}

export interface ActivityDependencies {
  readonly ledger: Ledger;
  readonly staging: Staging;
  readonly budgets: RateBudgets;
  /** Undefined where no mail server is configured. */
  readonly mail: NotificationChannel | undefined;
  readonly temporal: TemporalSide;
  readonly log: Log;
  readonly settings: ActivitySettings;
}

export interface ActivitySettings {
  /** How long an upload lease lasts without being prolonged, in milliseconds. */
  readonly leaseTtlMs: number;
  /** Base URL of the Temporal UI, for links. */
  readonly temporalUi: string | undefined;
  /** Addresses from which this installation reaches the warehouses. */
  readonly egress: readonly string[];
  readonly namespace: string;
}
