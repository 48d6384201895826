/** Syncs as they are listed: each with its warehouse, its watermark and its newest run, in one query. */
import { type Kysely, type Selectable, sql } from 'kysely';
import { type SyncDefinition, syncSchema } from '../model/definitions.ts';
import { type StoredSync, toStoredSync } from './definitions.ts';
import { type RunRecord, toRecord } from './runs.ts';
import type { LedgerSchema, RunTable, SyncTable } from './schema.ts';

export interface SyncOverview extends StoredSync {
  /** UUID; stays through every apply. */
  readonly integrationId: string;
  readonly warehouse: string;
  /** UPDATED_AT up to which it is delivered; null: nothing is yet. */
  readonly watermark: string | null;
  readonly lastRun: RunRecord | null;
}

export interface OverviewOptions {
  /** Name that the page begins after. */
  readonly after?: string | undefined;
  /** How many to leave out. */
  readonly skip?: number;
  readonly limit: number;
}

export class SyncOverviews {
  readonly #db: Kysely<LedgerSchema>;
  /** Parsing a definition takes longer than reading it, and it seldom changes. */
  readonly #parsed = new Map<string, { readonly updatedAt: number; readonly definition: SyncDefinition }>();

  constructor(db: Kysely<LedgerSchema>) {
    this.#db = db;
  }

  /** Syncs that are applied, by name. */
  async page({ after, skip = 0, limit }: OverviewOptions): Promise<SyncOverview[]> {
    const rows = await this.#select()
      .$if(after !== undefined, (query) => query.where('syncs.name', '>', after ?? ''))
      .orderBy('syncs.name')
      .offset(skip)
      .limit(limit)
      .execute();
    return rows.map((row) => this.#toOverview(row));
  }

  /** @returns undefined where no such sync is applied */
  async byName(name: string): Promise<SyncOverview | undefined> {
    const row = await this.#select().where('syncs.name', '=', name).executeTakeFirst();
    return row && this.#toOverview(row);
  }

  /** @param id a UUID */
  async byIntegrationId(id: string): Promise<SyncOverview | undefined> {
    const row = await this.#select().where('syncs.integration_id', '=', id).executeTakeFirst();
    return row && this.#toOverview(row);
  }

  /** How many syncs are applied. */
  async count(): Promise<number> {
    const { count } = await this.#db
      .selectFrom('syncs')
      .select(sql<number>`count(*)::int`.as('count'))
      .where('deleted_at', 'is', null)
      .executeTakeFirstOrThrow();
    return count;
  }

  #select() {
    return this.#db
      .selectFrom('syncs')
      .innerJoin('credentials', 'credentials.name', 'syncs.credential')
      .leftJoin('watermarks', 'watermarks.sync', 'syncs.name')
      .leftJoinLateral(
        (inner) =>
          inner
            .selectFrom('runs')
            .selectAll()
            .whereRef('runs.sync', '=', 'syncs.name')
            .orderBy('started_at', 'desc')
            .limit(1)
            .as('newest'),
        (join) => join.onTrue(),
      )
      .selectAll('syncs')
      .select([
        'credentials.warehouse',
        'watermarks.value as watermark',
        sql<object | null>`case when newest.id is null then null else to_jsonb(newest) end`.as('newest_run'),
      ])
      .where('syncs.deleted_at', 'is', null);
  }

  #toOverview(
    row: Selectable<SyncTable> & { warehouse: string; watermark: string | null; newest_run: object | null },
  ): SyncOverview {
    return {
      ...toStoredSync(row, this.#definitionOf(row)),
      integrationId: row.integration_id,
      warehouse: row.warehouse,
      watermark: row.watermark,
      lastRun: row.newest_run && toRecord(withDates(row.newest_run as RunAsJson)),
    };
  }

  #definitionOf({ name, updated_at: updatedAt, definition }: Selectable<SyncTable>): SyncDefinition {
    const known = this.#parsed.get(name);
    if (known?.updatedAt === updatedAt.getTime()) return known.definition;
    const parsed = syncSchema.parse(definition);
    this.#parsed.set(name, { updatedAt: updatedAt.getTime(), definition: parsed });
    return parsed;
  }
}

type RunAsJson = Omit<Selectable<RunTable>, 'started_at' | 'finished_at'> & {
  readonly started_at: string;
  readonly finished_at: string | null;
};

function withDates(run: RunAsJson): Selectable<RunTable> {
  return {
    ...run,
    started_at: new Date(run.started_at),
    finished_at: run.finished_at === null ? null : new Date(run.finished_at),
  };
}
