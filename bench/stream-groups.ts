/** Streams a table of user rows in groups, and holds the database back while a group is taken. */
import pg from 'pg';

export interface UserRow {
  readonly external_id: string;
  readonly payload: string;
}

/**
 * Reads all rows of a table in `updated_at` order, in one query.
 *
 * @param table with its schema
 * @param take the next group is not read before it resolves
 * @returns how many rows there were
 */
export async function streamGroups(
  client: pg.Client,
  table: string,
  groupRows: number,
  take: (group: readonly UserRow[]) => Promise<void>,
): Promise<number> {
  const socket = (client as unknown as { connection: { stream: { pause(): void; resume(): void } } })
    .connection.stream;
  let rows = 0;
  let group: UserRow[] = [];
  // Rows that were received with a full group still arrive after the pause.
  let taken = Promise.resolve();
  await new Promise<void>((resolve, reject) => {
    const query = new pg.Query<UserRow>(`select external_id, payload from ${table} order by updated_at`);
    query.on('row', (row: UserRow) => {
      group.push(row);
      rows += 1;
      if (group.length < groupRows) return;
      const full = group;
      group = [];
      socket.pause();
      taken = taken.then(() => take(full));
      taken.then(() => socket.resume(), reject);
    });
    query.on('error', reject);
    query.on('end', () => resolve());
    client.query(query);
  });
  await taken;
  await take(group);
  return rows;
}
