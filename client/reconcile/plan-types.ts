/** What a plan is made from, and what it is made of. */
import type { CredentialDefinition, SyncDefinition, WorkspaceDefinition } from '../../model/definitions.ts';
import type { FieldChange } from './field-changes.ts';

/** A definition with a fingerprint of its secret values, equal as long as they are. */
export interface Secured<D> {
  readonly definition: D;
  readonly fingerprint: string;
}

/** A sync of the ledger. */
export interface CurrentSync {
  readonly definition: SyncDefinition;
  /** Deleted, but with its watermark kept. */
  readonly deleted: boolean;
  /** Whether its connection test has passed. */
  readonly tested: boolean;
  readonly hasWatermark: boolean;
}

export type WatermarkAnswer = 'keep' | 'reset';

export interface PlanInput {
  readonly declared: {
    readonly workspaces: readonly Secured<WorkspaceDefinition>[];
    readonly credentials: readonly Secured<CredentialDefinition>[];
    readonly syncs: readonly SyncDefinition[];
  };
  readonly current: {
    readonly workspaces: readonly Secured<WorkspaceDefinition>[];
    readonly credentials: readonly Secured<CredentialDefinition>[];
    readonly syncs: readonly CurrentSync[];
    /** Hash of each schedule that Temporal has, by schedule id (`readScheduleHashes`). */
    readonly scheduleHashes: ReadonlyMap<string, string>;
  };
  /** Syncs with an open run. */
  readonly open: ReadonlySet<string>;
  /** What `--watermark` says, by sync. */
  readonly answers: ReadonlyMap<string, WatermarkAnswer>;
  /** Whether what is not declared is deleted. */
  readonly prune: boolean;
  readonly controlQueue: string;
}

export type Action = 'create' | 'update' | 'unchanged' | 'delete';

export interface StepBase {
  readonly action: Action;
  readonly name: string;
  readonly changes: readonly FieldChange[];
}

export type Step =
  | (StepBase & { readonly kind: 'workspace' | 'credential'; readonly secretChanged: boolean })
  | (StepBase & {
      readonly kind: 'sync';
      readonly watermark: WatermarkAnswer;
      /** Why the watermark was in question; undefined where it was not. */
      readonly moved?: string;
      /** The connection test has to pass again. */
      readonly retest: boolean;
    })
  | (StepBase & {
      readonly kind: 'schedule';
      /** It is made while its sync has not passed its test. */
      readonly pausedUntilTested: boolean;
    });

export const REFUSALS = [
  'data_type_changed',
  'answer_needed',
  'run_open',
  'in_use',
  'table_taken',
  'answer_unknown',
] as const;

/** Why nothing at all is changed. */
export interface Refusal {
  readonly reason: (typeof REFUSALS)[number];
  /** Workspace, credential or sync that is meant. */
  readonly name: string;
  readonly message: string;
}

export type Plan =
  | {
      readonly refused: false;
      /** In the order in which they are to be done. */
      readonly steps: readonly Step[];
      readonly notes: readonly string[];
    }
  | { readonly refused: true; readonly refusals: readonly Refusal[] };
