/** Turns a page of rows into objects for Braze and rejected rows. Pure. */
import type { Composed, ComposedObject, RowRules } from '../../model/composed-object.ts';
import { mergeObjects } from '../../model/merge.ts';
import { composeRow } from '../../model/rules/compose-row.ts';
import type { PackableObject } from '../braze/pack.ts';
import type { RowPage } from '../rows/row-page.ts';

export interface RejectedIndex {
  /** Row of the page. */
  readonly row: number;
  readonly code: string;
  readonly reason: string;
}

export interface ValidatedPage {
  /** In an order that keeps each user's rows in theirs. */
  readonly objects: readonly PackableObject[];
  readonly rejected: readonly RejectedIndex[];
}

interface Entry {
  readonly row: number;
  readonly updatedAt: string;
  readonly object: ComposedObject;
}

/**
 * @param pause called now and then, so that long pages do not hold up heartbeats
 */
export async function validatePage(
  page: RowPage,
  rules: RowRules,
  pause: () => Promise<void>,
): Promise<ValidatedPage> {
  const rejected: RejectedIndex[] = [];
  const entries: Entry[] = [];
  for (let index = 0; index < page.rows; index += 1) {
    if (index % 1_000 === 999) await pause();
    const row = page.row(index);
    const composed: Composed = composeRow(row, rules);
    if (composed.outcome === 'rejected')
      rejected.push({ row: index, code: composed.code, reason: composed.reason });
    else entries.push({ row: index, updatedAt: row.updatedAt, object: composed });
  }
  return { objects: [...arrange(entries, rules, page)], rejected };
}

function* arrange(entries: readonly Entry[], rules: RowRules, page: RowPage): Generator<PackableObject> {
  if (rules.dataType === 'events' || rules.dataType === 'purchases') {
    for (const entry of entries) yield alone(entry);
    return;
  }
  for (const own of byUser(entries, page)) {
    if (rules.dataType === 'attributes') yield* mergeNeighbours(own);
    else yield latestOnly(own);
  }
}

/** Rows of each user in the order of UPDATED_AT, ties by digest, users in the order of their first row. */
function byUser(entries: readonly Entry[], page: RowPage): Iterable<Entry[]> {
  const users = new Map<string, Entry[]>();
  for (const entry of entries) {
    const own = users.get(entry.object.identity);
    if (own) own.push(entry);
    else users.set(entry.object.identity, [entry]);
  }
  for (const own of users.values()) {
    if (own.length > 1) {
      own.sort((a, b) =>
        a.updatedAt < b.updatedAt
          ? -1
          : a.updatedAt > b.updatedAt
            ? 1
            : page.digest(a.row).compare(page.digest(b.row)),
      );
    }
  }
  return users.values();
}

/** Merges runs of rows whose later values wholly replace the earlier ones; a row with an operator goes alone. */
function* mergeNeighbours(own: readonly Entry[]): Generator<PackableObject> {
  let run: Entry[] = [];
  for (const entry of own) {
    if (entry.object.mergeable) {
      run.push(entry);
      continue;
    }
    yield* merged(run);
    run = [];
    yield alone(entry);
  }
  yield* merged(run);
}

function* merged(run: readonly Entry[]): Generator<PackableObject> {
  const [first] = run;
  if (!first) return;
  if (run.length === 1) {
    yield alone(first);
    return;
  }
  const texts = new Map(run.map((entry) => [entry.row, entry.object.text]));
  for (const { text, rows } of mergeObjects(run.map(({ row, object }) => ({ row, object })))) {
    const { kind, identity } = first.object;
    yield rows.length === 1
      ? { kind, identity, text, rows }
      : { kind, identity, text, rows, alone: rows.map((row) => texts.get(row) ?? '') };
  }
}

/** Of the rows of one catalog item, or of one user to delete, the latest stands for all. */
function latestOnly(own: readonly Entry[]): PackableObject {
  const latest = own.at(-1);
  if (!latest) throw new RangeError('A user without rows.');
  return {
    kind: latest.object.kind,
    identity: latest.object.identity,
    text: latest.object.text,
    rows: own.map((entry) => entry.row),
  };
}

function alone(entry: Entry): PackableObject {
  const { kind, identity, text } = entry.object;
  return { kind, identity, text, rows: [entry.row] };
}
