/** Streams rows: while the consumer works on a group the next one is fetched, and no more. */
import type { SourceRow } from '../../../model/row.ts';
import type { DatabricksConnection } from './connect.ts';
import { classifyDatabricks } from './errors.ts';
import type { ResultRow } from './statement.ts';

/** Before it is known how wide the rows are. */
const FIRST_ROWS = 200;
const MOST_ROWS = 10_000;
/** Wide rows come in smaller groups, so that memory stays bounded: three groups are alive at a time. */
const GROUP_CHARACTERS = 4 << 20;
/** About what a row takes beside its payload. */
const ROW_CHARACTERS = 100;

/** @param query of `readQuery`; `limit` is the one that it was made with */
export async function* readRows(
  connection: DatabricksConnection,
  query: string,
  limit: number,
): AsyncGenerator<SourceRow[]> {
  const firstRows = Math.min(FIRST_ROWS, limit);
  await using statement = connection.execute(query, firstRows);
  let ahead = statement.fetch(firstRows);
  try {
    for (;;) {
      const rows = await statement.answer(ahead);
      if (rows.length === 0) return;
      ahead = statement.fetch(rowsOfNext(rows));
      // Its failure is told when it is asked for.
      ahead.catch(() => undefined);
      yield rows.map(toSourceRow);
    }
  } catch (error) {
    throw classifyDatabricks(error);
  }
}

function rowsOfNext(rows: readonly ResultRow[]): number {
  let characters = 0;
  for (const row of rows) characters += ROW_CHARACTERS + (row['payload']?.length ?? 0);
  const fitting = Math.floor((GROUP_CHARACTERS * rows.length) / characters);
  return Math.max(1, Math.min(fitting, MOST_ROWS));
}

/** What was not selected is absent. */
function toSourceRow(row: ResultRow): SourceRow {
  const deleted = row['deleted'] ?? null;
  return {
    updatedAt: row['wm'] ?? '',
    externalId: row['externalId'] ?? null,
    aliasName: row['aliasName'] ?? null,
    aliasLabel: row['aliasLabel'] ?? null,
    brazeId: row['brazeId'] ?? null,
    email: row['email'] ?? null,
    phone: row['phone'] ?? null,
    id: row['id'] ?? null,
    payload: row['payload'] ?? null,
    deleted: deleted === null ? null : deleted === 'true',
  };
}
