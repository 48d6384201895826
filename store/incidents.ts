/** Incidents, and the notices that are due of them. Times are the database's own. */
import { type Kysely, type Transaction, sql } from 'kysely';
import type { IncidentDetail, IncidentKind, IncidentSubject } from '../model/incident.ts';
import { incidentRule } from '../model/incident.ts';
import { FLOOD_WINDOW_MS, type RecentNotices } from '../model/notice-flood.ts';
import type { LedgerSchema } from './schema.ts';

export interface Incident {
  readonly id: number;
  readonly subject: IncidentSubject;
  readonly kind: IncidentKind;
  readonly detail: IncidentDetail;
  /** The run that opened it; null where none did. */
  readonly run: string | null;
  /** How many runs met it. */
  readonly occurrences: number;
  readonly openedAt: Date;
  readonly closedAt: Date | null;
}

export type NoticeEvent = 'opened' | 'recovered';

/** What is to be told of an incident. */
export interface Notice {
  readonly id: number;
  readonly event: NoticeEvent;
  readonly incident: Incident;
}

/** Something that is wrong now. */
export interface Condition {
  readonly subject: IncidentSubject;
  readonly kind: IncidentKind;
  readonly detail: IncidentDetail;
  readonly run?: string;
}

const CLAIM_MS = 180_000;
/** What could not be told within this time is told no more. */
const GIVEN_UP_MS = 86_400_000;

export class Incidents {
  readonly #db: Kysely<LedgerSchema>;

  constructor(db: Kysely<LedgerSchema>) {
    this.#db = db;
  }

  /** Every open incident, or those of one subject, oldest first. */
  async open(subject?: IncidentSubject): Promise<Incident[]> {
    const rows = await this.#db
      .selectFrom('incidents')
      .selectAll()
      .where('closed_at', 'is', null)
      .$if(subject !== undefined, (query) =>
        query.where('subject_type', '=', subject?.type ?? 'sync').where('subject', '=', subject?.name ?? ''),
      )
      .orderBy('id')
      .execute();
    return rows.map(toIncident);
  }

  /** Opens an incident, or notes that the open one goes on. Repeating it for the same run is harmless. */
  async raise({ subject, kind, detail, run }: Condition): Promise<void> {
    await this.#db.transaction().execute(async (tx) => {
      const { rows } = await sql<{ id: number; is_new: boolean }>`
        insert into incidents (subject_type, subject, kind, detail, run, last_run)
        values (${subject.type}, ${subject.name}, ${kind}, ${JSON.stringify(detail)}, ${run ?? null}, ${run ?? null})
        on conflict (subject_type, subject, kind) where closed_at is null do update set
          occurrences = incidents.occurrences + (incidents.last_run is distinct from excluded.last_run)::int,
          last_run = excluded.last_run, last_at = now(), detail = excluded.detail
        returning id, xmax = 0 as is_new`.execute(tx);
      for (const { id, is_new: isNew } of rows) if (isNew) await due(tx, id, 'opened');
    });
  }

  /**
   * Closes those of these incidents that are open.
   *
   * @param options.isTold whether their end is told, where their kind says so; else nothing more is told of them
   */
  async close(incidents: readonly Incident[], { isTold = true } = {}): Promise<void> {
    if (incidents.length === 0) return;
    await this.#db.transaction().execute(async (tx) => {
      for (const { id, kind } of incidents) {
        const closed = await tx
          .updateTable('incidents')
          .set({ closed_at: sql`now()` })
          .where('id', '=', id)
          .where('closed_at', 'is', null)
          .returning('id')
          .execute();
        if (closed.length > 0 && isTold && incidentRule(kind).recovers) await due(tx, id, 'recovered');
        if (!isTold)
          await tx.deleteFrom('notices').where('incident', '=', id).where('told_at', 'is', null).execute();
      }
    });
  }

  /** What is due and nobody is telling just now, oldest first. */
  async due(subject?: IncidentSubject): Promise<Notice[]> {
    const rows = await this.#db
      .selectFrom('notices')
      .innerJoin('incidents', 'incidents.id', 'notices.incident')
      .selectAll('incidents')
      .select(['notices.id as notice', 'notices.event'])
      .where('notices.told_at', 'is', null)
      .where((where) =>
        where.or([where('claimed_until', 'is', null), where('claimed_until', '<', sql<Date>`now()`)]),
      )
      .$if(subject !== undefined, (query) =>
        query.where('subject_type', '=', subject?.type ?? 'sync').where('subject', '=', subject?.name ?? ''),
      )
      .orderBy('notices.id')
      .execute();
    return rows.map(({ notice, event, ...row }) => ({ id: notice, event, incident: toIncident(row) }));
  }

  /** How much was told within the window of a flood, if only to some. */
  async recentlyTold(): Promise<RecentNotices> {
    const { rows } = await sql<{ singles: number; summaries: number }>`
      select count(distinct message) filter (where told_as = 'single')::int as singles,
        count(*) filter (where told_as = 'summary')::int as summaries
      from notices, (select now() - ${FLOOD_WINDOW_MS} * interval '1 millisecond' as since) flood
      where told_at > since
        or told_at is null and told_as is not null
          and exists (select from deliveries where key = 'notice-' || notices.id and sent_at > since)`.execute(
      this.#db,
    );
    return { singles: rows[0]?.singles ?? 0, hasSummary: (rows[0]?.summaries ?? 0) > 0 };
  }

  /** Takes notices for this process. @returns the ids of those that no other process took */
  async claim(notices: readonly Notice[]): Promise<Set<number>> {
    if (notices.length === 0) return new Set();
    const rows = await this.#db
      .updateTable('notices')
      .set({ claimed_until: sql`now() + ${CLAIM_MS} * interval '1 millisecond'` })
      .where('id', 'in', idsOf(notices))
      .where('told_at', 'is', null)
      .where((where) =>
        where.or([where('claimed_until', 'is', null), where('claimed_until', '<', sql<Date>`now()`)]),
      )
      .returning('id')
      .execute();
    return new Set(rows.map(({ id }) => id));
  }

  /** Gives claimed notices back that are not told, so that they are tried again. */
  async release(notices: readonly Notice[]): Promise<void> {
    if (notices.length === 0) return;
    await this.#db
      .updateTable('notices')
      .set({ claimed_until: null })
      .where('id', 'in', idsOf(notices))
      .where('told_at', 'is', null)
      .execute();
  }

  /** @param message key of the message that told of them */
  async markTold(notices: readonly Notice[], as: 'single' | 'summary', message: string): Promise<void> {
    await this.#db
      .updateTable('notices')
      .set({ told_at: sql`now()`, told_as: as, message, claimed_until: null })
      .where('id', 'in', idsOf(notices))
      .execute();
  }

  /** Notes how some of its readers were told of a notice that is still due for others. */
  async markPartlyTold(notices: readonly Notice[], as: 'single' | 'summary', message: string): Promise<void> {
    if (notices.length === 0) return;
    await this.#db
      .updateTable('notices')
      .set({ told_as: as, message })
      .where('id', 'in', idsOf(notices))
      .where('told_at', 'is', null)
      .execute();
  }

  /** Gives up on what could not be told for a day, and forgets what was closed long ago. */
  async sweep(olderThan: Date): Promise<void> {
    await this.#db
      .updateTable('notices')
      .set({ told_at: sql`now()`, told_as: 'given_up' })
      .where('told_at', 'is', null)
      .where('due_at', '<', sql<Date>`now() - ${GIVEN_UP_MS} * interval '1 millisecond'`)
      .execute();
    await this.#db.deleteFrom('incidents').where('closed_at', '<', olderThan).execute();
    await this.#db.deleteFrom('deliveries').where('sent_at', '<', olderThan).execute();
  }
}

const idsOf = (notices: readonly Notice[]): number[] => notices.map(({ id }) => id);

async function due(tx: Transaction<LedgerSchema>, incident: number, event: NoticeEvent): Promise<void> {
  await tx
    .insertInto('notices')
    .values({ incident, event })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

function toIncident(row: {
  id: number;
  subject_type: 'sync' | 'credential';
  subject: string;
  kind: string;
  detail: IncidentDetail;
  run: string | null;
  occurrences: number;
  opened_at: Date;
  closed_at: Date | null;
}): Incident {
  return {
    id: row.id,
    subject: { type: row.subject_type, name: row.subject },
    kind: row.kind as IncidentKind,
    detail: row.detail,
    run: row.run,
    occurrences: row.occurrences,
    openedAt: row.opened_at,
    closedAt: row.closed_at,
  };
}
