/** Opens the ledger: one connection pool, and one small object per table family over it. */
import type { Socket } from 'node:net';
import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { ApiKeys } from './api-keys.ts';
import { ApiSessions } from './api-sessions.ts';
import { Corrections } from './corrections.ts';
import { Definitions } from './definitions.ts';
import { Deliveries } from './deliveries.ts';
import type { HandledCounts } from '../model/guard.ts';
import { handledCounts } from './handled-counts.ts';
import { Incidents } from './incidents.ts';
import { InstantParts } from './instant-parts.ts';
import type { Keyring } from './keyring.ts';
import { Leases } from './leases.ts';
import { clockOffset, type LedgerState, ledgerState } from './ledger-state.ts';
import { Lookback } from './lookback.ts';
import { migrate } from './migrate.ts';
import { Previews } from './previews.ts';
import { RateLeases } from './rate-leases.ts';
import { RejectedRows } from './rejected-rows.ts';
import { Retries } from './retries.ts';
import { type Rewind, rewindWatermark } from './rewind.ts';
import { type Restored, type RestoreOptions, restoreLedger } from './restore.ts';
import { Runs } from './runs.ts';
import { SealedValues } from './sealed-values.ts';
import type { LedgerSchema } from './schema.ts';
import { socketOf } from './socket-of.ts';
import { sweepForgotten } from './sweep-forgotten.ts';
import { SyncOverviews } from './sync-overviews.ts';
import { type SyncState, syncStates } from './sync-states.ts';
import { Uploads } from './uploads.ts';
import { Watermarks } from './watermarks.ts';
import { Workers } from './workers.ts';

export interface Ledger {
  readonly definitions: Definitions;
  readonly watermarks: Watermarks;
  readonly runs: Runs;
  readonly uploads: Uploads;
  readonly instantParts: InstantParts;
  readonly lookback: Lookback;
  readonly rejectedRows: RejectedRows;
  readonly retries: Retries;
  readonly corrections: Corrections;
  readonly leases: Leases;
  readonly rateLeases: RateLeases;
  readonly workers: Workers;
  readonly previews: Previews;
  readonly apiKeys: ApiKeys;
  readonly apiSessions: ApiSessions;
  readonly overviews: SyncOverviews;
  readonly incidents: Incidents;
  readonly deliveries: Deliveries;
  readonly sealedValues: SealedValues;
  readonly keyring: Keyring;
  /** How every sync stands that is not deleted. */
  syncStates(): Promise<SyncState[]>;
  /** How many rows at and after a watermark are handled already. */
  handledCounts(sync: string, from: string | null): Promise<HandledCounts>;
  /** Deletes what syncs left behind that are gone for good. */
  sweepForgotten(): Promise<void>;
  /** Sets a watermark back. @returns false where a run is open, or the watermark has moved since */
  rewind(rewind: Rewind): Promise<boolean>;
  /** @throws where the database does not answer, or lacks the tables of this program */
  ping(): Promise<void>;
  /** Puts a backup in its place; see restore.ts. */
  restore(lines: AsyncIterable<string>, options: RestoreOptions): Promise<Restored>;
  /** Of the server, and which migrations it lacks. */
  state(): Promise<LedgerState>;
  /** @returns how far this process's clock is ahead of the ledger's, in milliseconds */
  clockOffset(): Promise<number>;
  /** @returns names of the migrations applied now */
  migrate(): Promise<string[]>;
  close(): Promise<void>;
}

const BIGINT_OID = 20;
/**
 * Transactions here take milliseconds. One that stands still belongs to a process that is frozen: without an end it would hold
 * its sync's row for as long, and no other worker could take the sync over.
 */
const LONGEST_PAUSE_MS = 5_000;
/**
 * So long a query may stay without a sign of the server. A connection that has died without a word would be waited on for ever:
 * the driver has no end of its own, and the system's takes a quarter of an hour where it comes at all.
 */
const LONGEST_SILENCE_MS = 60_000;

/** Reads bigint as number (nothing here counts beyond 2^53), everything else as the driver does. */
const types = new pg.TypeOverrides();
types.setTypeParser(BIGINT_OID, Number);

/**
 * @param options.url PostgreSQL URL
 * @param options.keyring opens and seals secrets and rows
 * @param options.connections size of the pool
 * @param options.silenceMs after which time without a sign of the server a connection is given up, in milliseconds
 */
export function openLedger(options: {
  url: string;
  keyring: Keyring;
  connections?: number;
  silenceMs?: number;
}): Ledger {
  const { url, keyring, connections = 10, silenceMs = LONGEST_SILENCE_MS } = options;
  const db = connect(
    {
      connectionString: url,
      max: connections,
      idle_in_transaction_session_timeout: LONGEST_PAUSE_MS,
    },
    silenceMs,
  );
  return {
    definitions: new Definitions(db, keyring),
    watermarks: new Watermarks(db),
    runs: new Runs(db),
    uploads: new Uploads(db, keyring),
    instantParts: new InstantParts(db),
    lookback: new Lookback(db),
    rejectedRows: new RejectedRows(db, keyring),
    retries: new Retries(db, keyring),
    corrections: new Corrections(db),
    leases: new Leases(db),
    rateLeases: new RateLeases(db),
    workers: new Workers(db),
    previews: new Previews(db, keyring),
    apiKeys: new ApiKeys(db),
    apiSessions: new ApiSessions(db),
    overviews: new SyncOverviews(db),
    incidents: new Incidents(db),
    deliveries: new Deliveries(db),
    sealedValues: new SealedValues(db, keyring),
    keyring,
    syncStates: () => syncStates(db),
    handledCounts: (sync, from) => handledCounts(db, sync, from),
    sweepForgotten: () => sweepForgotten(db),
    rewind: (rewind) => rewindWatermark(db, rewind),
    migrate: async () => {
      // A migration may take long, and between two of them a busy machine may pause for longer than between two statements of a run.
      const patient = connect({ connectionString: url, max: 2 });
      return migrate(patient).finally(() => patient.destroy());
    },
    ping: async () => {
      await sql`select from api_keys limit 1`.execute(db);
    },
    restore: (lines, options) => restoreLedger(db, lines, options),
    state: () => ledgerState(db),
    clockOffset: () => clockOffset(db),
    close: () => db.destroy(),
  };
}

/** @param silenceMs left out: a query may take as long as it likes */
function connect(config: pg.PoolConfig, silenceMs?: number): Kysely<LedgerSchema> {
  const pool = new pg.Pool({
    types,
    application_name: 'braze-cdi',
    connectionTimeoutMillis: 5_000,
    ...config,
  });
  // An idle connection that breaks is replaced at its next use; without a listener it would end the process.
  pool.on('error', () => undefined);
  // The same for one that breaks within a transaction, between two statements: the next statement tells of it.
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
    if (silenceMs !== undefined) endSilence(socketOf(client), silenceMs);
  });
  return new Kysely<LedgerSchema>({ dialect: new PostgresDialect({ pool }) });
}

/** One that is idle ends as well: the pool makes another. */
function endSilence(socket: Socket, silenceMs: number): void {
  socket.setTimeout(silenceMs, () => {
    socket.destroy(Object.assign(new Error('The ledger has not answered.'), { code: 'ETIMEDOUT' }));
  });
}
