/**
 * Compares what the simulator holds with what the tables ask for, by rules of its own: profiles and catalogs by value,
 * events and purchases as multisets.
 */
import type { BrazeSimulatorClient } from '../../test/braze-simulator/simulator-client.ts';
import type { RunRecord } from '../../store/runs.ts';
import type { SampleRow, SampleTable } from './sample-rows.ts';

type Members = Record<string, string>;

/** @returns one line per difference */
export async function compare(
  tables: readonly SampleTable[],
  runs: readonly RunRecord[],
  braze: BrazeSimulatorClient,
): Promise<string[]> {
  const rowsOf = (sync: string): SampleRow[] => {
    const found = tables.find((table) => table.sync === sync);
    return found ? [...found.rows, ...found.added].filter(({ flaw }) => flaw === undefined) : [];
  };
  return [
    ...countDifferences(tables, runs),
    ...compareProfiles(
      rowsOf('users-attributes'),
      [...rowsOf('app-events'), ...rowsOf('shop-purchases')],
      await braze.profiles(),
    ),
    ...compareMultisets('event', rowsOf('app-events'), await braze.events()),
    ...compareMultisets('purchase', rowsOf('shop-purchases'), await braze.purchases()),
    ...compareDeletes(rowsOf('user-deletes'), await braze.deletes()),
    ...compareCatalog(rowsOf('product-catalog'), await braze.catalogItems('products')),
  ];
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
): string[] {
  const counts = new Map<string, number>();
  const add = (key: string, by: number): void => void counts.set(key, (counts.get(key) ?? 0) + by);
  for (const row of rows) add(`${userOf(row)} ${payloadOf(row).slice(1, -1)}`, 1);
  for (const { identity, text } of held)
    add(
      `${identity} ${text.slice(1, -1).replace(/^"(external_id|user_alias)":("[^"]*"|\{[^}]*\}),/, '')}`,
      -1,
    );
  return [...counts]
    .filter(([, count]) => count !== 0)
    .map(
      ([key, count]) =>
        `${what} ${key.slice(0, 120)} ${count > 0 ? `is missing ${count} times` : `is there ${-count} times too often`}`,
    );
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
