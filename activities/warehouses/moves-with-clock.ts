import type { OpenSource } from './open-source.ts';
import type { ReadRange, SourceTable } from './warehouse.ts';

/**
 * Whether UPDATED_AT of a view is the current time: then all its rows lie after the upper bound always, and no run
 * would ever send one. Told from rows of the future by waiting: those lie behind the clock once it has passed them.
 */
export async function movesWithClock(
  { connection, columns }: OpenSource,
  source: SourceTable,
): Promise<boolean> {
  const before = await connection.clock(0);
  const hasPast = await first({ from: null, inclusive: true, to: before.now });
  const ahead = await first({ from: before.now, inclusive: false, to: null });
  if (hasPast !== undefined || ahead === undefined) return false;
  const { now } = await connection.clock(0);
  return ahead <= now && (await first({ from: null, inclusive: true, to: now })) === undefined;

  async function first(range: ReadRange): Promise<string | undefined> {
    for await (const [row] of connection.read(source, columns, range, 1)) if (row) return row.updatedAt;
    return undefined;
  }
}
