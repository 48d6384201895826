/** The ledger's tables, as kysely sees them. MAINTENANCE: must agree with store/migrations. */
import type { ColumnType, Generated } from 'kysely';
import type { DataType } from '../model/data-type.ts';
import type { HeldRun } from '../model/guard.ts';
import type { IncidentDetail } from '../model/incident.ts';
import type { RunStatus, Trigger } from '../model/run.ts';
import type { TailHead } from './segment-tail.ts';

/** A stretch of batches, with the UPDATED_AT range and the number of their rows. */
export interface BatchRange {
  readonly firstBatch: number;
  readonly lastBatch: number;
  readonly rows: number;
  readonly firstUpdatedAt: string;
  readonly lastUpdatedAt: string;
}

type Json<T> = ColumnType<T, string, string>;
/** bigint columns are read as numbers: none of them counts beyond 2^53. */
type Count = ColumnType<number, number | undefined, number>;

export interface WorkspaceTable {
  name: string;
  definition: Json<unknown>;
  secret: Buffer;
  fingerprint: string;
  updated_at: Generated<Date>;
}

export interface CredentialTable extends WorkspaceTable {
  warehouse: string;
}

export interface SyncTable {
  name: string;
  workspace: string;
  credential: string;
  /** Schema and table as JSON, the key of "one sync per table per workspace". */
  source: string;
  data_type: DataType;
  definition: Json<unknown>;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
  deleted_at: Date | null;
  tested_at: Date | null;
  paused: Generated<boolean>;
  pause_note: string | null;
  /** When its schedule was last let go. */
  resumed_at: Date | null;
  epoch: Count;
  /** Temporal run id that read the watermark under this epoch; null once that run has finished. */
  epoch_owner: string | null;
  /** The segment that was opened last under this epoch, and by which attempt of its extraction. */
  opened_segment: Generated<number>;
  opened_attempt: Generated<number>;
  null_rows_counted_at: Date | null;
  /** The sync's id in the HTTP API; it stays through every apply. */
  integration_id: Generated<string>;
  /** When its table was last held against the ledger. */
  verified_at: Date | null;
}

export interface WatermarkTable {
  sync: string;
  /** Exact UPDATED_AT text; null: everything from the beginning is still to be read. */
  value: string | null;
  /** Digests of the rows handled at that instant, 16 bytes each. */
  digests: Buffer;
  epoch: Count;
  segment: Count;
  committed_at: Generated<Date>;
  /** With `lookback`: the digests of all rows after this UPDATED_AT are on record. Null: it is off. */
  known_from: Generated<string | null>;
}

/** A share of an instant that was read in parts, or of a table that is read whole in each run. */
export interface InstantPartTable {
  sync: string;
  /** UPDATED_AT text; `FULL_REFRESH` (model/full-refresh.ts) where the share is one of the whole table. */
  instant: string;
  /** Bounds of the share: prefixes of the users' hashes, both included. */
  low: string;
  high: string;
  /** Rows that were met in it. */
  rows: Count;
  /** Their digests, 16 bytes each; null where the sync holds more than it may. */
  digests: Buffer | null;
  /** Whether it has outgrown a segment: only those of its digests count that no smaller part has met yet. */
  dissolved: Generated<boolean>;
  committed_at: Generated<Date>;
}

/** Digests of delivered rows, in the order of UPDATED_AT, for finding rows that turn up late. */
export interface LookbackDigestsTable {
  id: Generated<number>;
  sync: string;
  first_updated_at: string;
  last_updated_at: string;
  rows: number;
  digests: Buffer;
}

export interface RunTable {
  id: string;
  sync: string;
  data_type: DataType;
  /** Temporal run id that works on it now (changes with continue-as-new). */
  workflow_run_id: string;
  trigger: Trigger;
  status: RunStatus;
  upper_bound: string | null;
  watermark_before: string | null;
  watermark_after: string | null;
  read: Count;
  sent: Count;
  rejected: Count;
  requests: Count;
  possibly_doubled: Count;
  future_rows: Count;
  null_rows: Count;
  /** Rows behind the watermark that a verification found to be never read; null without one. */
  unread_rows: number | null;
  warnings: Json<string[]>;
  error_type: string | null;
  error_message: string | null;
  error_code: string | null;
  /** What a guard asked of people, and their answer; null where none did. */
  held: ColumnType<HeldRun | null, string | null | undefined, string | null>;
  started_at: Generated<Date>;
  finished_at: Date | null;
}

export interface UploadTable {
  sync: string;
  epoch: number;
  segment: number;
  run: string;
  /** New rows of the segment. */
  rows: Count;
  /** Batches below this number may have been sent; written before the first of them is. */
  reserved_to: Count;
  /** Those of them that were not confirmed when it was written. */
  reserved: ColumnType<BatchRange | null, string | null, string | null>;
  /** What the commit makes of the ledger; see segment-tail.ts. */
  tail: ColumnType<TailHead | null, string | null, string | null>;
  tail_digests: Buffer | null;
  tail_taken: Buffer | null;
  tail_fresh: Buffer | null;
  completed_at: Date | null;
  /** Of a table that is read whole: which part of it the segment is. */
  part_low: Generated<string | null>;
  part_high: Generated<string | null>;
}

export interface ConfirmedGroupTable {
  id: Generated<number>;
  token: string;
  sync: string;
  epoch: number;
  segment: number;
  run: string;
  /** Numbers of the confirmed batches within the segment; -1-P stands for the rows that page P rejected. */
  batches: number[];
  /** Digests of every row that these batches handled, 16 bytes each, in answer order. */
  digests: Buffer;
  last_updated_at: string;
  /** Whether its digests are on record among those of the lookback already. */
  recorded: Generated<boolean>;
}

export interface PossiblyDoubledTable {
  id: Generated<number>;
  run: string;
  sync: string;
  epoch: number;
  segment: number;
  first_batch: number;
  last_batch: number;
  rows: number;
  first_updated_at: string;
  last_updated_at: string;
  cause: 'answer_lost' | 'attempt_lost';
  recorded_at: Generated<Date>;
}

export interface RejectedRowTable {
  id: Generated<number>;
  run: string;
  sync: string;
  code: string;
  reason: string;
  origin: 'validation' | 'braze';
  updated_at_text: string;
  /** The row itself, sealed. */
  content: Buffer;
  rejected_at: Generated<Date>;
  /** DELETED of a catalog row. */
  deleted: Generated<boolean>;
  /** The run that sent it again, or `WITHDRAWN`; null: a retry may still send it. */
  settled_by: string | null;
  /** The segment of a retry in which it goes out now, and the digest of what goes out. */
  retry_epoch: number | null;
  retry_segment: number | null;
  retry_digest: Buffer | null;
}

export interface LeaseTable {
  sync: string;
  owner: string;
  expires_at: Date;
}

export interface PreviewTable {
  id: string;
  content: Buffer;
  created_at: Generated<Date>;
}

export interface IncidentTable {
  id: Generated<number>;
  subject_type: 'sync' | 'credential';
  subject: string;
  kind: string;
  detail: Json<IncidentDetail>;
  /** The run that opened it, and the last one that met it. */
  run: string | null;
  last_run: string | null;
  occurrences: Count;
  opened_at: Generated<Date>;
  last_at: Generated<Date>;
  closed_at: Date | null;
}

/** What is to be told of an incident, and was. */
export interface NoticeTable {
  id: Generated<number>;
  incident: number;
  event: 'opened' | 'recovered';
  due_at: Generated<Date>;
  /** A process is telling it until then. */
  claimed_until: Date | null;
  told_at: Date | null;
  told_as: 'single' | 'summary' | 'given_up' | null;
  /** Key of the message that told it. */
  message: string | null;
}

export interface DeliveryTable {
  key: string;
  /** `mail`, or a webhook of a workspace. */
  target: string;
  sent_at: Generated<Date>;
}

export interface CorrectionTable {
  id: Generated<number>;
  sync: string;
  kind: 'rewind' | 'retry';
  made_by: string;
  made_at: Generated<Date>;
  /** The run that carries it out; null for a rewind. */
  run: string | null;
  details: Json<Record<string, unknown>>;
}

export interface ApiKeyTable {
  id: string;
  name: string;
  /** SHA-256 of the secret part. */
  hash: Buffer;
  permissions: string[];
  created_at: Generated<Date>;
  revoked_at: Date | null;
}

export interface ApiSessionTable {
  /** SHA-256 of the cookie's value. */
  hash: Buffer;
  key_id: string;
  expires_at: ColumnType<Date, Date, Date>;
}

/** A worker process that runs, or ended without saying so. */
export interface WorkerTable {
  id: Generated<number>;
  host: string;
  pid: number;
  /** Reference of the marker that it wrote into its staging; null while there is no space for it. */
  marker: string | null;
  started_at: Generated<Date>;
  seen_at: Generated<Date>;
}

/** What one process may send of a workspace's rate limit, until its lease ends. */
export interface RateLeaseTable {
  /** Workspace and endpoint family. */
  budget: string;
  holder: string;
  /** Requests per window. */
  permits: number;
  wanted: number;
  expires_at: Date;
}

export interface LedgerSchema {
  workspaces: WorkspaceTable;
  credentials: CredentialTable;
  syncs: SyncTable;
  watermarks: WatermarkTable;
  runs: RunTable;
  instant_parts: InstantPartTable;
  lookback_digests: LookbackDigestsTable;
  uploads: UploadTable;
  confirmed_groups: ConfirmedGroupTable;
  possibly_doubled: PossiblyDoubledTable;
  rejected_rows: RejectedRowTable;
  leases: LeaseTable;
  previews: PreviewTable;
  incidents: IncidentTable;
  notices: NoticeTable;
  deliveries: DeliveryTable;
  corrections: CorrectionTable;
  api_keys: ApiKeyTable;
  api_sessions: ApiSessionTable;
  workers: WorkerTable;
  rate_leases: RateLeaseTable;
}
