/** Keys of the HTTP API: made once, kept as a hash, compared in constant time. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { type Kysely, type Selectable, sql } from 'kysely';
import { type ApiPermission, isApiPermission } from '../model/api-permissions.ts';
import type { ApiKeyTable, LedgerSchema } from './schema.ts';

export interface ApiKey {
  /** The part of the key that is no secret. */
  readonly id: string;
  readonly name: string;
  readonly permissions: readonly ApiPermission[];
  readonly createdAt: Date;
  readonly revokedAt: Date | null;
}

const ID_BYTES = 6;
const SECRET_BYTES = 32;
/** `cdi_`, the id, and the secret. */
const FORM = /^cdi_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/;
/** Stands in for the hash of a key that does not exist, so that the comparison takes place all the same. */
const NO_HASH = Buffer.alloc(32);

/** A secret of 256 random bits cannot be guessed, so a slow hash would protect nothing. */
export const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest();

export class ApiKeys {
  readonly #db: Kysely<LedgerSchema>;

  constructor(db: Kysely<LedgerSchema>) {
    this.#db = db;
  }

  /**
   * Makes a key.
   *
   * @returns the key in clear, which cannot be had a second time; undefined where the name is taken
   */
  async add(name: string, permissions: readonly ApiPermission[]): Promise<string | undefined> {
    const id = randomBytes(ID_BYTES).toString('hex');
    const secret = randomBytes(SECRET_BYTES).toString('base64url');
    const { numInsertedOrUpdatedRows: added } = await this.#db
      .insertInto('api_keys')
      .values({ id, name, hash: hashOf(secret), permissions: [...permissions] })
      .onConflict((conflict) => conflict.column('name').where('revoked_at', 'is', null).doNothing())
      .executeTakeFirst();
    return added === 1n ? `cdi_${id}_${secret}` : undefined;
  }

  /** Every key, revoked ones too, by name. */
  async list(): Promise<ApiKey[]> {
    const rows = await this.#db
      .selectFrom('api_keys')
      .selectAll()
      .orderBy('name')
      .orderBy('created_at')
      .execute();
    return rows.map(toApiKey);
  }

  /** Ends a key and its sessions at once. @returns whether there was one that was valid */
  async revoke(name: string): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable('api_keys')
      .set({ revoked_at: sql`now()` })
      .where('name', '=', name)
      .where('revoked_at', 'is', null)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  /**
   * @param text what a client presented
   * @returns the key it is; undefined where it is none, or revoked
   */
  async verify(text: string): Promise<ApiKey | undefined> {
    const [, id, secret] = FORM.exec(text) ?? [];
    if (id === undefined || secret === undefined) return undefined;
    const row = await this.#db.selectFrom('api_keys').selectAll().where('id', '=', id).executeTakeFirst();
    return isSecret(secret, row?.hash) && row && row.revoked_at === null ? toApiKey(row) : undefined;
  }
}

/** @param hash undefined: there is nothing to compare with, which takes as long and is never equal */
export function isSecret(secret: string, hash: Buffer | undefined): boolean {
  return timingSafeEqual(hashOf(secret), hash ?? NO_HASH) && hash !== undefined;
}

export function toApiKey(row: Selectable<ApiKeyTable>): ApiKey {
  return {
    id: row.id,
    name: row.name,
    permissions: row.permissions.filter(isApiPermission),
    createdAt: row.created_at,
    revokedAt: row.revoked_at,
  };
}
