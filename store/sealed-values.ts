/** Everything in the ledger that is encrypted: under which key, and how it comes under the first one. */
import { type Kysely, sql } from 'kysely';
import type { Keyring } from './keyring.ts';
import { PREVIEW_PURPOSE } from './previews.ts';
import { PURPOSE as REJECTED_ROW_PURPOSE } from './rejected-rows.ts';
import type { LedgerSchema } from './schema.ts';

interface SealedColumn {
  readonly table: keyof LedgerSchema;
  readonly id: string;
  /** PostgreSQL's name for the type of the id. */
  readonly idType: 'text' | 'bigint';
  readonly column: string;
  readonly purposeOf: (id: string | number) => string;
}

/** MAINTENANCE: every column that holds what a keyring sealed. */
export const SEALED_COLUMNS: readonly SealedColumn[] = [
  {
    table: 'workspaces',
    id: 'name',
    idType: 'text',
    column: 'secret',
    purposeOf: (name) => `workspace ${name}`,
  },
  {
    table: 'credentials',
    id: 'name',
    idType: 'text',
    column: 'secret',
    purposeOf: (name) => `credential ${name}`,
  },
  {
    table: 'rejected_rows',
    id: 'id',
    idType: 'bigint',
    column: 'content',
    purposeOf: () => REJECTED_ROW_PURPOSE,
  },
  { table: 'previews', id: 'id', idType: 'text', column: 'content', purposeOf: () => PREVIEW_PURPOSE },
];

const CHUNK = 500;

export interface Resealed {
  readonly values: number;
  /** Values that no key at hand opens; they stay as they are. */
  readonly unreadable: number;
}

export class SealedValues {
  readonly #db: Kysely<LedgerSchema>;
  readonly #keyring: Keyring;

  constructor(db: Kysely<LedgerSchema>, keyring: Keyring) {
    this.#db = db;
    this.#keyring = keyring;
  }

  /**
   * Encrypts under the first key what is under another one, in steps of a few hundred values. A value that somebody
   * replaces meanwhile is left to them.
   */
  async reseal(): Promise<Resealed> {
    let values = 0;
    let unreadable = 0;
    for (const column of SEALED_COLUMNS) {
      for (let after: string | number | null = null; ;) {
        const rows = await this.#underOtherKeys(column, after);
        const last = rows.at(-1);
        if (!last) break;
        after = last.id;
        const fresh = rows.flatMap(({ id, sealed }) => {
          const again = this.#sealAgain(sealed, column.purposeOf(id));
          return again ? [{ id, sealed, again }] : [];
        });
        unreadable += rows.length - fresh.length;
        values += await this.#replace(column, fresh);
      }
    }
    return { values, unreadable };
  }

  /** How many values lie under each key. */
  async countByKey(): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    for (const { table, column } of SEALED_COLUMNS) {
      const { rows } = await sql<{ key: string; count: number }>`
        select convert_from(${keyIdOf(column)}, 'UTF8') as key, count(*)::int as count
        from ${sql.table(table)} group by 1`.execute(this.#db);
      for (const { key, count } of rows) counts.set(key, (counts.get(key) ?? 0) + count);
    }
    return counts;
  }

  async #underOtherKeys(
    { table, id, column }: SealedColumn,
    after: string | number | null,
  ): Promise<{ id: string | number; sealed: Buffer }[]> {
    const { rows } = await sql<{ id: string | number; sealed: Buffer }>`
      select ${sql.ref(id)} as id, ${sql.ref(column)} as sealed from ${sql.table(table)}
      where ${keyIdOf(column)} <> ${Buffer.from(this.#keyring.currentId)}
        ${after === null ? sql`` : sql`and ${sql.ref(id)} > ${after}`}
      order by ${sql.ref(id)} limit ${CHUNK}`.execute(this.#db);
    return rows;
  }

  #sealAgain(sealed: Buffer, purpose: string): Buffer | undefined {
    try {
      return this.#keyring.seal(this.#keyring.open(sealed, purpose), purpose);
    } catch {
      return undefined;
    }
  }

  async #replace(
    { table, id, idType, column }: SealedColumn,
    values: readonly { id: string | number; sealed: Buffer; again: Buffer }[],
  ): Promise<number> {
    if (values.length === 0) return 0;
    const { numAffectedRows } = await sql`
      update ${sql.table(table)} set ${sql.ref(column)} = fresh.again
      from unnest(
        ${values.map((value) => value.id)}::${sql.raw(idType)}[],
        ${values.map(({ sealed }) => sealed)}::bytea[],
        ${values.map(({ again }) => again)}::bytea[]
      ) as fresh (id, sealed, again)
      where ${sql.table(table)}.${sql.ref(id)} = fresh.id
        and ${sql.table(table)}.${sql.ref(column)} = fresh.sealed`.execute(this.#db);
    return Number(numAffectedRows ?? 0n);
  }
}

/** A sealed value begins with its format and the length of the key's id. */
const keyIdOf = (column: string): ReturnType<typeof sql<Buffer>> =>
  sql<Buffer>`substring(${sql.ref(column)} from 3 for get_byte(${sql.ref(column)}, 1))`;
