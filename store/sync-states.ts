/** How every sync stands, in one query that stays cheap however many runs there are. */
import { type Kysely, sql } from 'kysely';
import { type SyncDefinition, syncSchema } from '../model/definitions.ts';
import type { RunStatus } from '../model/run.ts';
import type { Freshness } from '../model/staleness.ts';
import type { LedgerSchema } from './schema.ts';

export interface SyncState extends Freshness {
  readonly name: string;
  readonly definition: SyncDefinition;
  /** Status of its newest run; null where it never ran. */
  readonly lastStatus: RunStatus | null;
  /** Up to when, in the time of its source, everything is delivered; null where no run has ended well. */
  readonly deliveredUpTo: string | null;
  /** Rows whose digests are kept of instants that were read in parts. */
  readonly digestRows: number;
  /** Rows on record for the lookback. */
  readonly lookbackRows: number;
}

/** Every sync that is not deleted, by name. */
export async function syncStates(db: Kysely<LedgerSchema>): Promise<SyncState[]> {
  const { rows } = await sql<{
    name: string;
    definition: unknown;
    paused: boolean;
    tested_at: Date | null;
    resumed_at: Date | null;
    committed_at: Date | null;
    succeeded_at: Date | null;
    delivered_up_to: string | null;
    last_status: RunStatus | null;
    is_held: boolean;
    digest_rows: number;
    lookback_rows: number;
  }>`
    select s.name, s.definition, s.paused, s.tested_at, s.resumed_at, w.committed_at,
      good.finished_at as succeeded_at, good.upper_bound as delivered_up_to, newest.status as last_status,
      exists (select from runs where sync = s.name and status = 'held') as is_held,
      coalesce((select sum(rows) from instant_parts where sync = s.name and digests is not null), 0)::float8 as digest_rows,
      coalesce((select sum(rows) from lookback_digests where sync = s.name), 0)::float8 as lookback_rows
    from syncs s
    left join watermarks w on w.sync = s.name
    left join lateral (
      select finished_at, upper_bound from runs
      where sync = s.name and status in ('success', 'partial') and trigger <> 'retry'
      order by started_at desc limit 1
    ) good on true
    left join lateral (
      select status from runs where sync = s.name order by started_at desc limit 1
    ) newest on true
    where s.deleted_at is null
    order by s.name`.execute(db);
  return rows.map((row) => ({
    name: row.name,
    definition: syncSchema.parse(row.definition),
    isPaused: row.paused,
    isHeld: row.is_held,
    testedAt: row.tested_at,
    resumedAt: row.resumed_at,
    committedAt: row.committed_at,
    succeededAt: row.succeeded_at,
    deliveredUpTo: row.delivered_up_to,
    lastStatus: row.last_status,
    digestRows: row.digest_rows,
    lookbackRows: row.lookback_rows,
  }));
}
