/** Turns a page of rows into objects for Braze and rejected rows. Pure. */
import type { ComposedObject, RequestKind, RowRules } from '../../model/composed-object.ts';
import { mergeObjects } from '../../model/merge.ts';
import { composeRow } from '../../model/rules/compose-row.ts';
import type { PackableObject } from '../braze/pack.ts';
import { userNumber } from '../braze/user-number.ts';
import type { RowPage } from '../rows/row-page.ts';
import type { EditRow } from './late-rows.ts';
import { PlainRows } from './plain-rows.ts';
import { repeatedUsers } from '../braze/repeated-users.ts';
import type { TextArena } from './text-arena.ts';

export interface RejectedIndex {
  /** Row of the page. */
  readonly row: number;
  readonly code: string;
  readonly reason: string;
}

export interface ValidatedPage {
  /** In an order that keeps each user's rows in theirs. */
  readonly objects: readonly PackableObject[];
  /** Holds the texts of the objects. */
  readonly texts: Buffer;
  readonly rejected: readonly RejectedIndex[];
  /** Late rows of which newer ones left nothing to send. */
  readonly superseded: readonly number[];
}

/** A row whose full composition is needed. */
interface Entry {
  readonly row: number;
  readonly updatedAt: string;
  readonly object: ComposedObject;
}

/**
 * @param arena takes the texts of the objects; what it held before is gone
 * @param pause called now and then, so that long pages do not hold up heartbeats
 * @param edit what of a late row still counts
 */
export async function validatePage(
  page: RowPage,
  rules: RowRules,
  arena: TextArena,
  pause: () => Promise<void>,
  edit?: EditRow,
): Promise<ValidatedPage> {
  arena.clear();
  const rejected: RejectedIndex[] = [];
  const objects: PackableObject[] = [];
  /** The compositions at hand, by row: those of the rows that the short way did not take. */
  const composed = new Map<number, ComposedObject>();
  const superseded: number[] = [];
  const plain = edit ? undefined : plainRows(rules);
  for (let row = 0; row < page.rows; row += 1) {
    if (row % 1_000 === 999) await pause();
    const start = arena.length;
    if (plain?.rows.compose(page, row, arena)) {
      objects.push({ kind: plain.kind, user: plain.rows.user, start, end: arena.length, rows: [row] });
      continue;
    }
    const source = edit ? edit(page.row(row)) : page.row(row);
    if (!source) {
      superseded.push(row);
      continue;
    }
    const result = composeRow(source, rules);
    if (result.outcome === 'rejected') {
      rejected.push({ row, code: result.code, reason: result.reason });
      continue;
    }
    composed.set(row, result);
    objects.push(inArena(arena, result, [row]));
  }
  if (rules.dataType === 'events' || rules.dataType === 'purchases')
    return { objects, texts: arena.bytes, rejected, superseded };

  const entryOf = ({ rows: [row = 0] }: PackableObject): Entry => {
    const source = page.row(row);
    const object = composed.get(row) ?? composeRow(source, rules);
    if (object.outcome === 'rejected')
      throw new RangeError('The short way took a row that the rules reject.');
    return { row, updatedAt: source.updatedAt, object };
  };
  const arranged: PackableObject[] = [];
  for (const own of repeatedUsers(objects)) {
    if (!Array.isArray(own)) arranged.push(own);
    else arranged.push(...arrange(own.map(entryOf), rules, page, arena));
  }
  return { objects: arranged, texts: arena.bytes, rejected, superseded };
}

/** The data types whose volume is worth the short way; Braze takes the others too slowly for it to matter. */
function plainRows(rules: RowRules): { kind: RequestKind; rows: PlainRows } | undefined {
  const { dataType } = rules;
  return dataType === 'attributes' || dataType === 'events' || dataType === 'purchases'
    ? { kind: dataType, rows: new PlainRows(rules) }
    : undefined;
}

function inArena(
  arena: TextArena,
  { kind, identity, text }: { kind: RequestKind; identity: string; text: string },
  rows: readonly number[],
  alone?: readonly string[],
): PackableObject {
  const start = arena.length;
  arena.addText(text);
  const object = { kind, user: userNumber(identity), start, end: arena.length, rows };
  return alone ? { ...object, alone } : object;
}

/** What becomes of rows whose users share a number: nearly always one user. */
function* arrange(
  entries: readonly Entry[],
  rules: RowRules,
  page: RowPage,
  arena: TextArena,
): Generator<PackableObject> {
  for (const own of byUser(entries, page)) {
    if (rules.dataType === 'attributes') yield* mergeNeighbours(own, arena);
    else yield latestOnly(own, arena);
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
    own.sort((a, b) =>
      a.updatedAt < b.updatedAt
        ? -1
        : a.updatedAt > b.updatedAt
          ? 1
          : page.digest(a.row).compare(page.digest(b.row)),
    );
  }
  return users.values();
}

/** Merges runs of rows whose later values wholly replace the earlier ones; a row with an operator goes alone. */
function* mergeNeighbours(own: readonly Entry[], arena: TextArena): Generator<PackableObject> {
  let run: Entry[] = [];
  for (const entry of own) {
    if (entry.object.mergeable) {
      run.push(entry);
      continue;
    }
    yield* merged(run, arena);
    run = [];
    yield inArena(arena, entry.object, [entry.row]);
  }
  yield* merged(run, arena);
}

function* merged(run: readonly Entry[], arena: TextArena): Generator<PackableObject> {
  const [first] = run;
  if (!first) return;
  const { kind, identity } = first.object;
  const texts = new Map(run.map((entry) => [entry.row, entry.object.text]));
  for (const { text, rows } of mergeObjects(run)) {
    const alone = rows.length === 1 ? undefined : rows.map((row) => texts.get(row) ?? '');
    yield inArena(arena, { kind, identity, text }, rows, alone);
  }
}

/** Of the rows of one catalog item, or of one user to delete, the latest stands for all. */
function latestOnly(own: readonly Entry[], arena: TextArena): PackableObject {
  const latest = own.at(-1);
  if (!latest) throw new RangeError('A user without rows.');
  return inArena(
    arena,
    latest.object,
    own.map((entry) => entry.row),
  );
}
