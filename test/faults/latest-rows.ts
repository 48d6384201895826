/** The rows that may stand for a key in the end: those of its newest instant. */
import type { TableRow } from './fault-table.ts';

/** @param keysOf the keys that a row has something to say about */
export function latestRows(
  table: readonly TableRow[],
  keysOf: (row: TableRow) => readonly string[],
): Map<string, TableRow[]> {
  const latest = new Map<string, TableRow[]>();
  for (const row of table) {
    for (const key of keysOf(row)) {
      const known = latest.get(key);
      const at = known?.[0]?.at;
      if (!known || at === undefined || row.at > at) latest.set(key, [row]);
      else if (row.at === at) known.push(row);
    }
  }
  return latest;
}
