/** Attributes must end at the latest value of each key; of ties either may stand. Operators must have counted. */
import type { ProfileView } from '../braze-simulator/control-types.ts';
import type { TableRow } from './fault-table.ts';
import { latestRows } from './latest-rows.ts';

type Values = Readonly<Record<string, unknown>>;

const OPERATOR_KEYS = new Set(['visits', 'orders']);

export function attributeFlaws(table: readonly TableRow[], profiles: readonly ProfileView[]): string[] {
  const held = new Map(profiles.map(({ external_id, attributes }) => [external_id ?? '', attributes]));
  const flaws: string[] = [];
  const payloads = new Map(table.map((row) => [row, JSON.parse(row.payload ?? '{}') as Values]));
  const keysOf = (row: TableRow): string[] =>
    Object.keys(payloads.get(row) ?? {})
      .filter((key) => !OPERATOR_KEYS.has(key))
      .map((key) => `${row.who} ${key}`);
  for (const [key, rows] of latestRows(table, keysOf)) {
    const [who = '', name = ''] = key.split(' ');
    const allowed = rows.map((row) => JSON.stringify(payloads.get(row)?.[name]));
    const value = held.get(who)?.[name];
    if (value === undefined || !allowed.includes(value))
      flaws.push(`${key} is ${value}, not ${allowed.join(' or ')}`);
  }
  return [...flaws, ...operatorFlaws(table, payloads, held)];
}

/** Each step and each element at least once; how often more, the judge of arrivals says. */
function operatorFlaws(
  table: readonly TableRow[],
  payloads: ReadonlyMap<TableRow, Values>,
  held: ReadonlyMap<string, Readonly<Record<string, string>>>,
): string[] {
  const flaws: string[] = [];
  const visits = new Map<string, number>();
  const orders = new Map<string, Set<number>>();
  for (const { who, payload } of table) {
    for (const { id } of ordersOf(held.get(who)?.['orders'])) {
      const known = orders.get(who) ?? new Set();
      orders.set(who, known.add(id));
    }
    if (payload?.includes('"visits"')) visits.set(who, (visits.get(who) ?? 0) + 1);
  }
  for (const [who, count] of visits) {
    const value = Number(held.get(who)?.['visits'] ?? 0);
    if (value < count) flaws.push(`${who} visits is ${value}, less than ${count}`);
  }
  for (const [row, payload] of payloads) {
    if (!('orders' in payload)) continue;
    if (!orders.get(row.who)?.has(Number(payload['n'])))
      flaws.push(`${row.who} lacks order ${String(payload['n'])}`);
  }
  return flaws;
}

export function ordersOf(text: string | undefined): { id: number }[] {
  return text === undefined ? [] : (JSON.parse(text) as { id: number }[]);
}
