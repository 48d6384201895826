/**
 * Merges rows of one user into as few objects as may be. Only rows whose later write wholly replaces an earlier
 * one take part, so that a merged object leaves the profile exactly as its rows in their order would.
 */
import type { ComposedObject } from './composed-object.ts';
import { MAX_ATTRIBUTES } from './rules/attributes.ts';

export interface MergeableRow {
  /** Index of the row in its page. */
  readonly row: number;
  readonly object: ComposedObject;
}

export interface MergedObject {
  readonly text: string;
  /** The rows it stands for, in order. */
  readonly rows: readonly number[];
}

/** Keeps a merged object below the 1 MB that one row may have: a code unit is at most three bytes. */
const MAX_MERGED_CODE_UNITS = 340_000;

/**
 * @param objects objects of one user in the order of their rows. One that is not mergeable, or that names the
 *   user in another spelling, is never joined with its neighbours.
 * @returns objects to be sent in this order; their rows are those given, each once
 */
export function mergeObjects(objects: readonly MergeableRow[]): MergedObject[] {
  const groups: Group[] = [];
  for (const object of objects) {
    const last = groups.at(-1);
    if (last?.takes(object)) last.add(object);
    else groups.push(new Group(object));
  }
  return groups.map((group) => group.merged());
}

/** Rows that become one object. */
class Group {
  readonly #rows: number[] = [];
  /** Texts by key, in the order in which the keys first came up; the latest text of a key stays. */
  readonly #members = new Map<string, string>();
  readonly #first: ComposedObject;
  #codeUnits = 0;

  constructor(first: MergeableRow) {
    this.#first = first.object;
    this.add(first);
  }

  takes({ object }: MergeableRow): boolean {
    const ours = this.#first.mergeable;
    const theirs = object.mergeable;
    if (!ours || !theirs || ours.prefix !== theirs.prefix) return false;
    if (this.#codeUnits + object.text.length > MAX_MERGED_CODE_UNITS) return false;
    let keys = this.#members.size;
    for (const { key } of theirs.members) if (!this.#members.has(key)) keys += 1;
    return keys <= MAX_ATTRIBUTES;
  }

  add({ row, object }: MergeableRow): void {
    this.#rows.push(row);
    this.#codeUnits += object.text.length;
    for (const { key, text } of object.mergeable?.members ?? []) this.#members.set(key, text);
  }

  merged(): MergedObject {
    const first = this.#first;
    // A row that stays alone keeps its text as it was written.
    if (this.#rows.length === 1 || !first.mergeable) return { text: first.text, rows: this.#rows };
    const members = [...this.#members.values()];
    return { text: `${[first.mergeable.prefix, ...members].join(',')}}`, rows: this.#rows };
  }
}
