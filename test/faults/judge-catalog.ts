/** A catalog must equal its table: the latest row of each item, and no item whose latest row is a delete. */
import type { CatalogItemView } from '../braze-simulator/control-types.ts';
import { type TableRow, numberOf } from './fault-table.ts';
import { latestRows } from './latest-rows.ts';

export function catalogFlaws(table: readonly TableRow[], items: readonly CatalogItemView[]): string[] {
  const held = new Map(items.map(({ id, fields }) => [id, fields]));
  const latest = latestRows(table, ({ who }) => [who]);
  const flaws = items.filter(({ id }) => !latest.has(id)).map(({ id }) => `${id} is not in the table`);
  for (const [id, rows] of latest) {
    const allowed = rows.map(({ deleted, payload }) =>
      deleted ? undefined : String(numberOf(payload ?? '')),
    );
    const value = held.get(id)?.['n'];
    if (!allowed.includes(value)) flaws.push(`${id} is ${value}, not ${allowed.join(' or ')}`);
  }
  return flaws;
}
