/**
 * Compares what the simulator holds with what the tables ask for, by rules of its own: profiles and catalogs by value,
 * events and purchases as multisets.
 */
import type { BrazeSimulatorClient } from '../../test/braze-simulator/simulator-client.ts';
import type { PossiblyDoubledRange, RunRecord } from '../../store/runs.ts';
import type { SampleRow, SampleTable } from './sample-rows.ts';

type Members = Record<string, string>;

export interface Comparison {
  /** One line per difference. */
  readonly differences: readonly string[];
  /** Events and purchases that arrived twice, all of them within a range that a run recorded as possibly doubled. */
  readonly doubled: number;
}

/** UPDATED_AT ranges that the runs of a sync recorded as possibly doubled. */
export type DoubledRanges = ReadonlyMap<string, readonly PossiblyDoubledRange[]>;

export async function compare(
  tables: readonly SampleTable[],
  runs: readonly RunRecord[],
  ranges: DoubledRanges,
  braze: BrazeSimulatorClient,
): Promise<Comparison> {
  const rowsOf = (sync: string): SampleRow[] => {
    const found = tables.find((table) => table.sync === sync);
    return found ? [...found.rows, ...found.added].filter(({ flaw }) => flaw === undefined) : [];
  };
  const events = compareMultisets(
    'event',
    rowsOf('app-events'),
    await braze.events(),
    ranges.get('app-events') ?? [],
  );
  const purchases = compareMultisets(
    'purchase',
    rowsOf('shop-purchases'),
    await braze.purchases(),
    ranges.get('shop-purchases') ?? [],
  );
  const differences = [
    ...countDifferences(tables, runs),
    ...compareProfiles(
      rowsOf('users-attributes'),
      [...rowsOf('app-events'), ...rowsOf('shop-purchases')],
      await braze.profiles(),
    ),
    ...events.differences,
    ...purchases.differences,
    ...compareDeletes(rowsOf('user-deletes'), await braze.deletes()),
    ...compareCatalog(rowsOf('product-catalog'), await braze.catalogItems('products')),
  ];
  return { differences, doubled: events.doubled + purchases.doubled };
}

/** Each run must have read every row of its round, and rejected exactly the flawed ones. */
function countDifferences(tables: readonly SampleTable[], runs: readonly RunRecord[]): string[] {
  const differences: string[] = [];
  for (const { sync, rows, added } of tables) {
    const own = runs.filter((run) => run.sync === sync);
    for (const [round, expected] of [rows, added].entries()) {
      const counts = own[round]?.counts;
      const flawed = expected.filter(({ flaw }) => flaw !== undefined).length;
      const wanted = `${expected.length} read, ${expected.length - flawed} sent, ${flawed} rejected`;
      const got = counts ? `${counts.read} read, ${counts.sent} sent, ${counts.rejected} rejected` : 'no run';
      if (wanted !== got) differences.push(`${sync}, round ${round + 1}: ${wanted} expected, ${got}`);
    }
  }
  return differences;
}

/** Members of a flat payload as texts, so that no number is changed by reading it. */
function members(payload: string): Members {
  const found: Members = {};
  const inner = payload.slice(1, -1);
  let depth = 0;
  let quoted = false;
  let start = 0;
  const close = (end: number): void => {
    const text = inner.slice(start, end);
    const colon = text.indexOf('":');
    if (colon > 0) found[text.slice(1, colon)] = text.slice(colon + 2);
    start = end + 1;
  };
  for (let index = 0; index < inner.length; index += 1) {
    const character = inner[index];
    if (character === '\\') index += 1;
    else if (character === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') depth -= 1;
    else if (character === ',' && depth === 0) close(index);
  }
  close(inner.length);
  return found;
}

const payloadOf = (row: SampleRow): string => String(row.columns['payload']);

const userOf = (row: SampleRow): string =>
  row.columns['external_id'] == null
    ? `user_alias:${JSON.stringify([row.columns['alias_name'], row.columns['alias_label']])}`
    : `external_id:${String(row.columns['external_id'])}`;

/** @param others rows that create a profile without giving it attributes */
function compareProfiles(
  rows: readonly SampleRow[],
  others: readonly SampleRow[],
  profiles: Awaited<ReturnType<BrazeSimulatorClient['profiles']>>,
): string[] {
  const wanted = new Map<string, Members>(others.map((row) => [userOf(row), {}]));
  const inOrder = [...rows].sort((a, b) => a.at - b.at);
  for (const row of inOrder) {
    const profile = wanted.get(userOf(row)) ?? {};
    for (const [key, value] of Object.entries(members(payloadOf(row)))) {
      const step = /^\{"inc":(\d+)\}$/.exec(value)?.[1];
      profile[key] = step === undefined ? value : String(Number(profile[key] ?? 0) + Number(step));
    }
    wanted.set(userOf(row), profile);
  }
  const held = new Map<string, Members>();
  for (const { external_id: id, user_aliases: aliases, attributes } of profiles) {
    const [alias] = aliases;
    held.set(
      id === null
        ? `user_alias:${JSON.stringify([alias?.alias_name, alias?.alias_label])}`
        : `external_id:${id}`,
      attributes,
    );
  }
  return compareMaps('profile', wanted, held);
}

function compareCatalog(
  rows: readonly SampleRow[],
  items: Awaited<ReturnType<BrazeSimulatorClient['catalogItems']>>,
): string[] {
  const wanted = new Map<string, Members>();
  for (const row of [...rows].sort((a, b) => a.at - b.at)) {
    const id = String(row.columns['id']);
    if (row.columns['deleted'] === true) wanted.delete(id);
    else wanted.set(id, members(payloadOf(row)));
  }
  const held = new Map(
    items.map(({ id, fields }) => [
      id,
      Object.fromEntries(Object.entries(fields).filter(([name]) => name !== 'id')),
    ]),
  );
  return compareMaps('catalog item', wanted, held);
}

function compareMaps(
  what: string,
  wanted: ReadonlyMap<string, Members>,
  held: ReadonlyMap<string, Members>,
): string[] {
  const differences: string[] = [];
  for (const [key, members] of wanted) {
    const other = held.get(key);
    if (!other) {
      differences.push(`${what} ${key} is missing`);
      continue;
    }
    for (const name of new Set([...Object.keys(members), ...Object.keys(other)])) {
      // A null clears: Braze holds nothing then.
      const value = members[name] === 'null' ? undefined : members[name];
      if (value !== other[name])
        differences.push(
          `${what} ${key}: ${name} should be ${value ?? 'absent'}, is ${other[name] ?? 'absent'}`,
        );
    }
  }
  for (const key of held.keys()) if (!wanted.has(key)) differences.push(`${what} ${key} should not be there`);
  return differences;
}

function compareMultisets(
  what: string,
  rows: readonly SampleRow[],
  held: readonly { readonly identity: string; readonly text: string }[],
  ranges: readonly PossiblyDoubledRange[],
): Comparison {
  const wanted = new Map<string, { count: number; at: string }>();
  for (const row of rows) {
    const key = `${userOf(row)} ${payloadOf(row).slice(1, -1)}`;
    wanted.set(key, { count: (wanted.get(key)?.count ?? 0) + 1, at: instantText(row.at) });
  }
  const got = new Map<string, number>();
  for (const { identity, text } of held) {
    const key = `${identity} ${text.slice(1, -1).replace(IDENTIFIER_MEMBER, '')}`;
    got.set(key, (got.get(key) ?? 0) + 1);
  }
  const differences: string[] = [];
  let doubled = 0;
  for (const key of new Set([...wanted.keys(), ...got.keys()])) {
    const { count, at } = wanted.get(key) ?? { count: 0, at: '' };
    const extra = (got.get(key) ?? 0) - count;
    if (extra === 0) continue;
    const recorded = ranges.some((range) => range.firstUpdatedAt <= at && at <= range.lastUpdatedAt);
    if (extra > 0 && count > 0 && recorded) doubled += extra;
    else
      differences.push(
        `${what} ${key.slice(0, 120)} is there ${Math.abs(extra)} times too ${extra > 0 ? 'often' : 'seldom'}`,
      );
  }
  return { differences, doubled };
}

const IDENTIFIER_MEMBER = /^"(external_id|user_alias)":("[^"]*"|\{[^}]*\}),/;

/** Microseconds since the epoch in the form of the warehouse. */
function instantText(at: number): string {
  const seconds = new Date(Math.floor(at / 1_000)).toISOString().replace('T', ' ').replace('Z', '');
  return `${seconds}${String(at % 1_000).padStart(3, '0')}`;
}

function compareDeletes(
  rows: readonly SampleRow[],
  deletes: readonly { readonly identity: string }[],
): string[] {
  const wanted = new Set(rows.map(userOf));
  const held = new Set(deletes.map(({ identity }) => identity));
  return [
    ...[...wanted].filter((user) => !held.has(user)).map((user) => `delete of ${user} is missing`),
    ...[...held].filter((user) => !wanted.has(user)).map((user) => `delete of ${user} was not asked for`),
  ];
}
