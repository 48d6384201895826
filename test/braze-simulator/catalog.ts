import type { CatalogDefinition, CatalogItemView, FieldDefinition, FieldType } from './control-types.ts';
import { rawArray, rawElements, rawKind, rawMembers, sameRaw } from './raw-json.ts';

/** JSON text by name of the field, without the id. */
export type ItemFields = ReadonlyMap<string, string>;

/** One catalog: its fields and its items. */
export class Catalog {
  readonly #name: string;
  readonly #types: Map<string, FieldType>;
  readonly #items = new Map<string, Map<string, string>>();
  updatedAt: number;

  constructor(definition: CatalogDefinition, now: number) {
    this.#name = definition.name;
    this.#types = new Map(definition.fields.map(({ name, type }) => [name, type]));
    this.updatedAt = now;
  }

  get definition(): CatalogDefinition {
    return { name: this.#name, fields: Array.from(this.#types, ([name, type]) => ({ name, type })) };
  }

  /** Type by name of the field. */
  get types(): ReadonlyMap<string, FieldType> {
    return this.#types;
  }

  addFields(fields: readonly FieldDefinition[]): void {
    for (const { name, type } of fields) this.#types.set(name, type);
  }

  get size(): number {
    return this.#items.size;
  }

  has(id: string): boolean {
    return this.#items.has(id);
  }

  /** Puts an item in place of any earlier one. */
  replace(id: string, fields: ItemFields): void {
    this.#items.set(id, withoutNulls(fields));
  }

  /** Changes the given fields of an item that exists. */
  edit(id: string, fields: ItemFields): void {
    const held = this.#items.get(id);
    if (!held) return;
    for (const [name, raw] of fields) {
      if (rawKind(raw) === 'null') held.delete(name);
      else held.set(name, this.#types.get(name) === 'array' ? changedArray(held.get(name), raw) : raw);
    }
  }

  delete(id: string): boolean {
    return this.#items.delete(id);
  }

  *views(): Generator<CatalogItemView> {
    for (const [id, fields] of this.#items) yield { id, fields: Object.fromEntries(fields) };
  }
}

function withoutNulls(fields: ItemFields): Map<string, string> {
  return new Map(Array.from(fields).filter(([, raw]) => rawKind(raw) !== 'null'));
}

function changedArray(held: string | undefined, raw: string): string {
  if (rawKind(raw) !== 'object') return raw;
  const operators = rawMembers(raw);
  const removed = rawElements(operators.get('$remove') ?? '[]');
  const left = rawElements(held ?? '[]').filter(
    (element) => !removed.some((other) => sameRaw(element, other)),
  );
  return rawArray([...left, ...rawElements(operators.get('$add') ?? '[]')]);
}
