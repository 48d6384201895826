/** What the activities work with. The worker makes it once and hands it to `createActivities`. */
import type { PipelineMetrics } from '../metrics/pipeline-metrics.ts';
import type { Log } from '../model/log.ts';
import type { Channels, NotifySettings } from '../notify/dependencies.ts';
import type { AddressGuard } from '../outbound/address-guard.ts';
import type { Ledger } from '../store/ledger.ts';
import type { RateBudgets } from './braze/rate-budget.ts';
import type { Staging } from './staging/staging.ts';

export type { Log } from '../model/log.ts';

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
  readonly metrics: PipelineMetrics;
  readonly channels: Channels;
  /** Where requests may go whose address a definition names. */
  readonly guard: AddressGuard;
  readonly temporal: TemporalSide;
  readonly log: Log;
  readonly settings: ActivitySettings;
}

export interface ActivitySettings extends NotifySettings {
  /** How long an upload lease lasts without being prolonged, in milliseconds. */
  readonly leaseTtlMs: number;
}
