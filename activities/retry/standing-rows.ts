/** Looks up what stands in the table of some users now. */
import type { SyncDefinition } from '../../model/definitions.ts';
import type { SourceRow } from '../../model/row.ts';
import { userHash } from '../rows/user-hash.ts';
import type { OpenSource } from '../warehouses/open-source.ts';
import type { ReadRange } from '../warehouses/warehouse.ts';
import type { Standing, StandingVersion } from './choose-rows.ts';
import type { IndexedUser, Versions } from './index-users.ts';

interface Found extends Standing<SourceRow> {
  readonly at: Map<string, StandingVersion<SourceRow>[]>;
  newestOther: string | null;
}

/**
 * @param to UPDATED_AT up to which rows matter; null: all of them
 * @returns what stands, by the user's hash
 */
export async function standingRows(
  { connection, columns }: OpenSource,
  { source, full_refresh: isReadWhole }: SyncDefinition,
  users: readonly IndexedUser[],
  to: string | null,
  versions: Versions,
): Promise<ReadonlyMap<string, Standing<SourceRow>>> {
  const found = new Map<string, Found>();
  let from: string | null = null;
  for (const { hash, offered } of users) {
    found.set(hash, { at: new Map(offered.map(({ at }) => [at, []])), newestOther: null });
    const first = offered[0]?.at ?? null;
    if (!isReadWhole && first !== null && (from === null || first < from)) from = first;
  }
  const range: ReadRange = { from, inclusive: true, to, users: [...found.keys()] };
  for await (const group of connection.read(source, columns, range, Infinity)) {
    for (const row of group) {
      const user = found.get(userHash(row));
      if (!user) continue;
      const at = versions.at(row);
      const here = user.at.get(at);
      if (here) here.push({ digest: versions.digest(row), isDelete: versions.isDelete(row), row });
      else user.newestOther = at;
    }
  }
  return found;
}
