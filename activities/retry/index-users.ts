/** Finds the rejected rows of a segment and sorts them by user, without holding the rows themselves. */
import type { RetryCursor, RetryRequest } from '../../model/retry.ts';
import type { SourceRow } from '../../model/row.ts';
import type { Retries } from '../../store/retries.ts';
import { type DigestOf, RowPageWriter } from '../rows/row-page.ts';
import { userHash } from '../rows/user-hash.ts';
import { USERS_PER_QUERY } from '../warehouses/warehouse.ts';
import type { OfferedVersion } from './choose-rows.ts';

export interface IndexedUser {
  readonly hash: string;
  /** In the order of UPDATED_AT; the rows themselves are read again when they go out. */
  readonly offered: OfferedVersion<null>[];
}

export interface UserIndex {
  /** In the order of their first rejected row. */
  readonly users: readonly IndexedUser[];
  readonly last: RetryCursor | null;
  /** Whether no rejected row is left after `last`. */
  readonly end: boolean;
}

export interface IndexRequest {
  readonly sync: string;
  readonly run: string;
  readonly request: RetryRequest;
  readonly after: RetryCursor | null;
  /** Rejected rows to index at most. */
  readonly rows: number;
  readonly versions: Versions;
}

/** How rows of a sync are compared. */
export interface Versions {
  /** The instant at which a row stands; one for all where a table is read whole, for UPDATED_AT means nothing there. */
  at(row: SourceRow): string;
  digest(row: SourceRow): string;
  isDelete(row: SourceRow): boolean;
}

export function versionsOf(options: { isReadWhole: boolean; deletesUsers: boolean }): Versions {
  const digest: DigestOf = options.isReadWhole ? 'content' : 'row';
  const writer = new RowPageWriter({ digest });
  return {
    at: (row) => (options.isReadWhole ? '' : row.updatedAt),
    digest(row) {
      const text = writer.add(row).toString('latin1');
      writer.undo();
      return text;
    },
    isDelete: (row) => options.deletesUsers || row.deleted === true,
  };
}

const READ_ROWS = 1_000;

export async function indexUsers(retries: Retries, index: IndexRequest): Promise<UserIndex> {
  const { sync, run, request, rows, versions } = index;
  const users = new Map<string, IndexedUser>();
  let last = index.after;
  for (let met = 0; met < rows;) {
    const limit = Math.min(READ_ROWS, rows - met);
    const found = await retries.offered(sync, { run: request.ofRun, after: last, before: run, limit });
    for (const { id, row } of found) {
      const hash = userHash(row);
      const user = users.get(hash) ?? { hash, offered: [] };
      users.set(hash, user);
      user.offered.push({
        id,
        at: versions.at(row),
        digest: versions.digest(row),
        isDelete: versions.isDelete(row),
        row: null,
      });
      last = { updatedAt: row.updatedAt, id };
    }
    met += found.length;
    if (found.length < limit) return { users: [...users.values()], last, end: true };
  }
  return { users: [...users.values()], last, end: false };
}

/** As many users at a time as one query may name. */
export function* chunksOf(users: readonly IndexedUser[]): Generator<readonly IndexedUser[]> {
  for (let start = 0; start < users.length; start += USERS_PER_QUERY)
    yield users.slice(start, start + USERS_PER_QUERY);
}
